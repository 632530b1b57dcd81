/** Results that are better looked at than read: a job type's name to the view of its result.
 * A type that is not here is shown as JSON. A view is a chunk of its own, loaded when it is needed. */

import type { ComponentType, LazyExoticComponent } from "react";
import type { Schema } from "@/api/client";

export type ResultProps = {
  job: Schema["JobDocument"];
  /** As the job type's result model has it; read defensively: it may be of an older version. */
  result: unknown;
};

export type ResultComponent = LazyExoticComponent<ComponentType<ResultProps>>;

export const RESULTS: Record<string, ResultComponent> = {
  // rewrite_novel: lazy(() => import("./novel")),
};
