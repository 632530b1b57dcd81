/** The job types of this installation. They change with a restart, not while one looks. */

import { useQuery } from "@tanstack/react-query";
import { client, data } from "@/api/client";

export function useTypes() {
  return useQuery({
    queryKey: ["types"],
    staleTime: 5 * 60_000,
    queryFn: () => data(client.GET("/api/v1/types")).then((page) => page.data),
  });
}
