/** The first script of the document: it asks the API while the others are being fetched and read. */

import { askForFirst } from "./hooks/first-asks";

askForFirst(window.location);
