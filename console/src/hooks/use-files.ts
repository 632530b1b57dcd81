/** Uploaded files, those of a job, and how their pages look. */

import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
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

/** The files that a job's input names, in its order, then those that it has made. */
export function useJobFiles(jobId: string) {
  return useQuery({
    queryKey: ["job", jobId, "files"],
    staleTime: 60_000,
    queryFn: () =>
      data(client.GET("/api/v1/jobs/{job_id}/files", { params: { path: { job_id: jobId } } })).then(
        (page) => page.data,
      ),
  });
}

/** How a page looks. Asked for by the client, not by an `<img>`: that would carry no credential. */
export function usePicture(fileId: string | null, page: number, width: number) {
  const asked = useQuery({
    queryKey: ["picture", fileId, page, width],
    enabled: fileId !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    queryFn: async ({ signal }) => {
      const params = { path: { file_id: fileId ?? "", page }, query: { width } };
      const answer = client.GET("/api/v1/files/{file_id}/pages/{page}/image", {
        params,
        signal,
        parseAs: "blob",
      });
      return (await data(answer)) as Blob;
    },
  });
  const [url, setUrl] = useState<string | null>(null);
  const blob = asked.data;
  useEffect(() => {
    if (!blob) return;
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => {
      URL.revokeObjectURL(made);
      setUrl(null);
    };
  }, [blob]);
  return { url, error: asked.error, retry: asked.refetch };
}
