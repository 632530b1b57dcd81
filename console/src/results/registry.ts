/** Results that are better looked at than read: a job type's name to the view of its result.
 * A type that is not here is shown as JSON. A view is a chunk of its own, loaded when it is needed. */

import type { ComponentType } from "react";
import type { Schema } from "@/api/client";
import { lazily } from "@/parts/lazily";

export type ResultProps = {
  /** With its input. */
  job: Schema["JobDocument"];
  /** As the job type's result model has it; read defensively: it may be of an older version. */
  result: unknown;
};

export type ResultComponent = ComponentType<ResultProps>;

const newspaper = lazily(() => import("./newspaper"));
const summary = lazily(() => import("./summary"));

export const RESULTS: Record<string, ResultComponent> = {
  extract_newspaper: newspaper,
  read_page: lazily(() => import("./one-page")),
  extract_text: lazily(() => import("./pages")),
  rewrite_novel: lazily(() => import("./novel")),
  summarize_text: summary,
  extract_summary: summary,
  identifying_data: lazily(() => import("./people")),
  text_embedding: lazily(() => import("./embedding")),
  web_scrape: lazily(() => import("./scraped")),
};
