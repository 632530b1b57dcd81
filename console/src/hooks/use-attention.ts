/** What somebody should look at now, from what the pages of queues, workers and limits read too. */

import { useQuery } from "@tanstack/react-query";
import { client, data } from "@/api/client";
import { matters } from "./attention";
import { live } from "./query";
import { usePools } from "./use-limits";
import { useQueues } from "./use-queues";
import { useWorkers } from "./use-workers";

const GROUPS = 100;

/** The dead letters of the causes that failed last. */
export function useDeadCount() {
  return useQuery({
    queryKey: ["dead-letters", "count"],
    queryFn: async ({ signal }) => {
      const query = { limit: GROUPS };
      const page = await data(
        client.GET("/api/v1/dead-letters/groups", { params: { query }, signal }),
      );
      const count = page.data.reduce((sum, group) => sum + group.count, 0);
      return { count, causes: page.data.length, more: page.next !== null };
    },
    ...live(10_000),
  });
}

export function useAttention() {
  const queues = useQueues();
  const workers = useWorkers();
  const pools = usePools();
  const dead = useDeadCount();
  const all = [queues, workers, pools, dead];
  return {
    queues: queues.data,
    workers: workers.data,
    pools: pools.data,
    /** Undefined until everything has been looked at. */
    found: all.every((one) => one.data)
      ? matters({
          queues: queues.data,
          workers: workers.data,
          pools: pools.data,
          dead: dead.data,
          now: Math.max(...all.map((one) => one.dataUpdatedAt)),
        })
      : undefined,
    error: all.find((one) => one.error)?.error ?? null,
    refetch: () => all.forEach((one) => void one.refetch()),
  };
}
