/** One job, and what belongs to it. Events say when to ask again: nothing is polled that is told. */

import { useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import { live } from "./query";
import type { Job } from "./use-jobs";

const TERMINAL = ["succeeded", "failed", "cancelled"];

export const isOver = (job: Pick<Job, "state">) => TERMINAL.includes(job.state);

const of = (jobId: string) => ({ params: { path: { job_id: jobId } } });

export type JobWithInput = Job & { input?: unknown };

/** The job with its input. `everyMs` is for where no stream gets through. */
export function useJob(jobId: string, everyMs = 0) {
  return useQuery({
    queryKey: ["job", jobId],
    queryFn: async ({ signal }) => {
      const path = { path: { job_id: jobId }, query: { include: "input" as const } };
      return (await data(
        client.GET("/api/v1/jobs/{job_id}", { params: path, signal }),
      )) as JobWithInput;
    },
    ...live(everyMs),
  });
}

/** A result that is too large for the job's document. */
export function useLargeResult(job: Job | undefined) {
  const enabled = Boolean(job?.state === "succeeded" && job.result === null && job.result_size);
  return useQuery({
    queryKey: ["job", job?.id, "result"],
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () =>
      data(client.GET("/api/v1/jobs/{job_id}/result", of(job?.id ?? ""))) as Promise<unknown>,
  });
}

export type Attempt = Schema["AttemptDocument"];
export type Step = Pick<
  Schema["StepDocument"],
  "name" | "duration_s" | "finished_at" | "fence" | "size"
>;

export function useAttempts(jobId: string, everyMs: number) {
  return useQuery({
    queryKey: ["attempts", jobId],
    queryFn: async ({ signal }) =>
      (await data(client.GET("/api/v1/jobs/{job_id}/attempts", { ...of(jobId), signal }))).data,
    ...live(everyMs),
  });
}

const STEP_PAGES = 5;

/** The finished steps, the first thousand. */
export function useSteps(jobId: string, everyMs: number) {
  return useQuery({
    queryKey: ["steps", jobId],
    queryFn: async ({ signal }) => {
      const steps: Step[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < STEP_PAGES; page++) {
        const params = {
          path: { job_id: jobId },
          query: { limit: 200, ...(cursor && { cursor }) },
        };
        const found = await data(client.GET("/api/v1/jobs/{job_id}/steps", { params, signal }));
        steps.push(...found.data);
        if (!found.next) return { steps, more: false };
        cursor = found.next;
      }
      return { steps, more: true };
    },
    ...live(everyMs),
  });
}

export function useWhy(jobId: string, enabled: boolean) {
  return useQuery({
    queryKey: ["why", jobId],
    enabled,
    queryFn: ({ signal }) =>
      data(client.GET("/api/v1/jobs/{job_id}/why", { ...of(jobId), signal })),
    ...live(3000),
  });
}
