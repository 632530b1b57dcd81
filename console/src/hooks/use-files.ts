/** Uploaded files, those of a job, and how their pages look. */

import { useQuery } from "@tanstack/react-query";
import { client, data } from "@/api/client";

export function useFile(id: string | null) {
  return useQuery({
    queryKey: ["file", id],
    enabled: id !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () =>
      data(client.GET("/api/v1/files/{file_id}", { params: { path: { file_id: id ?? "" } } })),
  });
}
