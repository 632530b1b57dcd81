/** Queues: what lies in them, and pausing them. */

import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import { live, queries } from "./query";

export type Queue = Schema["QueueDocument"];

export const QUEUES = queryOptions({
  queryKey: ["queues"],
  queryFn: async ({ signal }) => (await data(client.GET("/api/v1/queues", { signal }))).data,
});

export const useQueues = () => useQuery({ ...QUEUES, ...live(2000) });

const lookAgain = () => {
  queries.invalidateQueries({ queryKey: ["queues"] });
  queries.invalidateQueries({ queryKey: ["why"] });
};

export const pauseQueue = (name: string, reason: string) =>
  client
    .POST("/api/v1/queues/{name}/pause", {
      params: { path: { name } },
      body: { reason: reason.trim() || null },
    })
    .finally(lookAgain);

export function useResumeQueue() {
  return useMutation({
    mutationFn: (name: string) =>
      client.POST("/api/v1/queues/{name}/resume", { params: { path: { name } } }),
    onSettled: lookAgain,
  });
}

/** Jobs wait and nobody is there to take them. */
export const isUnserved = (queue: Queue) => queue.workers === 0 && queue.waiting > 0;
