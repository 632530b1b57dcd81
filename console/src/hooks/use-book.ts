/** The sentences of a novel as they were, page by page: what the job's own reader has found. */

import { useQuery } from "@tanstack/react-query";
import { client, data } from "@/api/client";

export function useBook(jobId: string) {
  return useQuery({
    queryKey: ["job", jobId, "book"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const path = { job_id: jobId };
      const query = { limit: 100 };
      const family = await data(
        client.GET("/api/v1/jobs/{job_id}/children", { params: { path, query }, signal }),
      );
      const reader = family.data.find((one) => one.type === "read_book");
      if (reader?.state !== "succeeded") return null;
      if (reader.result) return reader.result as unknown;
      const result = client.GET("/api/v1/jobs/{job_id}/result", {
        params: { path: { job_id: reader.id } },
        signal,
      });
      return (await data(result)) as unknown;
    },
  });
}
