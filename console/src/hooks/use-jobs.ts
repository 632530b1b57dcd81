/** Lists of jobs. A view is asked for once; while it is looked at it is asked again now and then. */

import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import { jobsOf, type View, viewOf } from "./first-asks";
import type { Filters } from "./job-query";
import { live, queries } from "./query";

export type Job = Schema["JobDocument"];

const LOOK_AGAIN_MS = 3000;

const listOf = (view: View) =>
  queryOptions({
    queryKey: ["jobs", view.q, view.cursor ?? ""],
    queryFn: ({ signal }) => jobsOf(view, signal),
  });

export function useJobs(view: View, { paused = false } = {}) {
  return useQuery({
    ...listOf(view),
    placeholderData: keepPreviousData,
    ...live(paused || view.cursor ? 0 : LOOK_AGAIN_MS),
  });
}

/** The list that an address names, asked for while its page is still being loaded. */
export const askForJobs = (search: Record<string, string | undefined>) =>
  queries.prefetchQuery(listOf(viewOf(search)));

/** The jobs of a list of filters, such as the children of one. */
export function useJobList(filters: Filters, { everyMs = 0, enabled = true } = {}) {
  return useQuery({
    queryKey: ["jobs", "of", filters],
    enabled,
    queryFn: ({ signal }) =>
      data(client.GET("/api/v1/jobs", { params: { query: { limit: 100, ...filters } }, signal })),
    ...live(everyMs),
  });
}

export type Act = "cancel" | "retry" | "discard";

/** Do it to one job. */
export async function act(action: Act, jobId: string) {
  const path = { params: { path: { job_id: jobId } } };
  if (action === "cancel") await client.POST("/api/v1/jobs/{job_id}/cancel", path);
  if (action === "retry") await client.POST("/api/v1/jobs/{job_id}/retry", path);
  if (action === "discard") await client.POST("/api/v1/dead-letters/{job_id}/discard", path);
}

/** Look at lists and jobs anew, after something was done to them. */
export function lookAgain() {
  for (const key of ["jobs", "job", "why", "attempts", "dead-letters"])
    queries.invalidateQueries({ queryKey: [key] });
}

/** Which of these jobs the action fits. */
export function fits(action: Act, job: Job): boolean {
  if (action === "cancel") return !["succeeded", "failed", "cancelled"].includes(job.state);
  if (action === "retry") return ["failed", "cancelled"].includes(job.state);
  return job.state === "failed" && !job.discarded_at;
}
