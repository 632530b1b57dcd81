/** Submitting a job, and what it would cost. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { client, data, type Schema } from "@/api/client";

/** A submit's body; what is left out, the job type decides. */
export type Body = { type: string; input: unknown } & Partial<
  Omit<Schema["Submit"], "type" | "input">
>;

/** Past this size a price is asked for with the submit alone, not at every pause in the typing. */
export const QUOTED_CHARS = 64_000;

/** The same body is sent under the same key, so that an answer that was lost makes no second job. */
export function useSubmit() {
  const queries = useQueryClient();
  const sent = useRef({ body: "", key: "" });
  return useMutation({
    mutationFn: ({ body, key }: { body: Body; key?: string }) => {
      const text = JSON.stringify(body);
      if (text !== sent.current.body) sent.current = { body: text, key: newKey() };
      return data(
        client.POST("/api/v1/jobs", {
          body: body as Schema["Submit"],
          headers: { "Idempotency-Key": key || sent.current.key },
        }),
      );
    },
    onSuccess: (job) => {
      queries.invalidateQueries({ queryKey: ["jobs"] });
      sent.current = { body: "", key: "" };
      return job;
    },
  });
}

/** What `body` would cost; its refusal says what does not fit. Nothing is asked for null. */
export function useQuote(body: Body | null) {
  const text = body && JSON.stringify(body);
  return useQuery({
    queryKey: ["quote", text],
    enabled: text !== null && text.length <= QUOTED_CHARS,
    staleTime: 30_000,
    gcTime: 30_000,
    queryFn: ({ signal }) =>
      data(client.POST("/api/v1/credits/quote", { body: body as Schema["Submit"], signal })),
  });
}

/** 128 random bits. Not `randomUUID`: a page that came over plain HTTP has none. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A job with its input, to be submitted again. */
export function useJobToClone(jobId: string | null) {
  return useQuery({
    queryKey: ["job", jobId],
    enabled: jobId !== null,
    queryFn: ({ signal }) => {
      const params = { path: { job_id: jobId ?? "" }, query: { include: "input" as const } };
      return data(client.GET("/api/v1/jobs/{job_id}", { params, signal }));
    },
  });
}
