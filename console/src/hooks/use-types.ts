/** The job types of this installation. They change with a restart, not while one looks. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { client, data } from "@/api/client";

export const TYPES = queryOptions({
  queryKey: ["types"],
  staleTime: 5 * 60_000,
  queryFn: async () => (await data(client.GET("/api/v1/types"))).data,
});

export const useTypes = () => useQuery(TYPES);
