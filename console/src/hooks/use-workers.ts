/** Worker processes, and letting them go. */

import { useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import { live, queries } from "./query";

export type Worker = Schema["WorkerDocument"];

/** They beat once a second; after so long something holds them. */
export const SILENT_MS = 5000;

export function useWorkers() {
  return useQuery({
    queryKey: ["workers"],
    queryFn: async ({ signal }) => (await data(client.GET("/api/v1/workers", { signal }))).data,
    ...live(2000),
  });
}

export const drainWorker = (id: string) =>
  client
    .POST("/api/v1/workers/{worker_id}/drain", { params: { path: { worker_id: id } } })
    .finally(() => {
      queries.invalidateQueries({ queryKey: ["workers"] });
      queries.invalidateQueries({ queryKey: ["queues"] });
    });

export const isSilent = (worker: Worker, now: number) =>
  worker.state !== "ended" && now - new Date(worker.heartbeat_at).getTime() > SILENT_MS;
