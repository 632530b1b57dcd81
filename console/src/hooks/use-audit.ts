/** Who asked for what, for administrators. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import type { paths } from "@/api/schema";
import { live } from "./query";

export type AuditEntry = Schema["haulage__api__routes__audit__EntryDocument"];
export type AuditFilters = NonNullable<paths["/api/v1/audit"]["get"]["parameters"]["query"]>;

const LOOK_AGAIN_MS = 10_000;

export function useAudit(query: AuditFilters) {
  return useQuery({
    queryKey: ["audit", query],
    queryFn: ({ signal }) => data(client.GET("/api/v1/audit", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    ...live(query.cursor ? 0 : LOOK_AGAIN_MS),
  });
}
