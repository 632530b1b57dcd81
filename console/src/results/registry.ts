/** Results that are better looked at than read: a job type's name to the view of its result.
 * A type that is not here is shown as JSON. A view is a chunk of its own, loaded when it is needed. */

import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import type { Schema } from "@/api/client";

export type ResultProps = {
  /** With its input. */
  job: Schema["JobDocument"];
  /** As the job type's result model has it; read defensively: it may be of an older version. */
  result: unknown;
};

export type ResultComponent = LazyExoticComponent<ComponentType<ResultProps>>;

const newspaper = lazy(() => import("./newspaper"));
const summary = lazy(() => import("./summary"));

export const RESULTS: Record<string, ResultComponent> = {
  extract_newspaper: newspaper,
  read_page: lazy(() => import("./one-page")),
  extract_text: lazy(() => import("./pages")),
  rewrite_novel: lazy(() => import("./novel")),
  summarize_text: summary,
  extract_summary: summary,
  identifying_data: lazy(() => import("./people")),
  text_embedding: lazy(() => import("./embedding")),
  web_scrape: lazy(() => import("./scraped")),
};
