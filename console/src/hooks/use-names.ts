/** The names that a query may use; asked for when somebody begins to type. */

import { useQuery } from "@tanstack/react-query";
import { client, data } from "@/api/client";

export function useTypeNames(enabled = true) {
  return useQuery({
    queryKey: ["names", "types"],
    enabled,
    staleTime: 60_000,
    queryFn: async () => (await data(client.GET("/api/v1/types"))).data.map((one) => one.name),
  });
}

export function useQueueNames(enabled = true) {
  return useQuery({
    queryKey: ["names", "queues"],
    enabled,
    staleTime: 60_000,
    queryFn: async () => (await data(client.GET("/api/v1/queues"))).data.map((one) => one.name),
  });
}
