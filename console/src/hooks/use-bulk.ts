/** Bulk operations: looked at before, followed while they run, stopped on demand. */

import { useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import { type Filters, read } from "./job-query";
import { live } from "./query";

export type BulkAction = Schema["Action"];
type Filter = Schema["BulkFilter"];

/** The filter of a query as a bulk operation wants it: a query without one means every job. */
export function bulkFilter(q: string, at: number): Filter {
  const filters: Filters = read(q, at).filters;
  return (Object.keys(filters).length ? filters : { all: true }) as Filter;
}

export function usePreview(action: BulkAction | null, filter: Filter) {
  return useQuery({
    queryKey: ["bulk-preview", action, filter],
    enabled: action !== null,
    gcTime: 0,
    queryFn: ({ signal }) =>
      data(
        client.POST("/api/v1/bulk/preview", {
          body: { action: action as BulkAction, filter },
          signal,
        }),
      ),
  });
}

export const startBulk = (body: Schema["BulkBody"], key: string) =>
  data(client.POST("/api/v1/bulk", { body, headers: { "Idempotency-Key": key } }));

export const abortBulk = (id: string) =>
  data(client.POST("/api/v1/bulk/{bulk_id}/abort", { params: { path: { bulk_id: id } } }));

export function useBulk(id: string | null) {
  return useQuery({
    queryKey: ["bulk", id],
    enabled: id !== null,
    queryFn: ({ signal }) =>
      data(
        client.GET("/api/v1/bulk/{bulk_id}", { params: { path: { bulk_id: id ?? "" } }, signal }),
      ),
    ...live(700),
    refetchInterval: (query) => (query.state.data?.finished_at ? false : 700),
  });
}
