/** What happened over time. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import { live } from "./query";

export type Stats = Schema["StatsDocument"];
export type Span = { label: string; long: string; seconds: number; everyMs: number };

/** By their name in the address. */
export const SPANS = {
  "15m": { label: "15 min", long: "15 minutes", seconds: 900, everyMs: 5000 },
  "1h": { label: "1 h", long: "hour", seconds: 3600, everyMs: 5000 },
  "6h": { label: "6 h", long: "6 hours", seconds: 21_600, everyMs: 15_000 },
  "24h": { label: "24 h", long: "24 hours", seconds: 86_400, everyMs: 30_000 },
  "7d": { label: "7 d", long: "7 days", seconds: 604_800, everyMs: 60_000 },
  "30d": { label: "30 d", long: "30 days", seconds: 2_592_000, everyMs: 60_000 },
} satisfies Record<string, Span>;
export type SpanName = keyof typeof SPANS;

export const spanOf = (name: string | undefined): SpanName =>
  name && Object.hasOwn(SPANS, name) ? (name as SpanName) : "1h";

export function useStats(name: SpanName) {
  const { seconds, everyMs } = SPANS[name];
  return useQuery({
    queryKey: ["stats", name],
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - seconds * 1000).toISOString();
      return data(client.GET("/api/v1/stats", { params: { query: { from } }, signal }));
    },
    placeholderData: keepPreviousData,
    ...live(everyMs),
  });
}
