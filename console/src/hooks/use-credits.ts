/** What the tenant may spend, and every move of it. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import type { paths } from "@/api/schema";
import { live, queries } from "./query";

export type Entry = Schema["haulage__api__credit_models__EntryDocument"];
export type EntryFilters = NonNullable<
  paths["/api/v1/credits/entries"]["get"]["parameters"]["query"]
>;

export const KINDS: Record<Entry["kind"], string> = {
  grant: "Given",
  reserve: "Reserved",
  charge: "Charged",
  refund: "Given back",
  expire: "Expired",
};

const LOOK_AGAIN_MS = 5_000;

export function useBalance() {
  return useQuery({
    queryKey: ["credits", "balance"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/credits", { signal })),
    ...live(LOOK_AGAIN_MS),
  });
}

export function useEntries(query: EntryFilters) {
  return useQuery({
    queryKey: ["credits", "entries", query],
    queryFn: ({ signal }) =>
      data(client.GET("/api/v1/credits/entries", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    ...live(query.cursor ? 0 : LOOK_AGAIN_MS),
  });
}

export const grant = (body: Schema["GrantBody"]) =>
  data(client.POST("/api/v1/credits/grants", { body })).finally(() =>
    queries.invalidateQueries({ queryKey: ["credits"] }),
  );

/** What an entry did to what may be spent: `+500`, `−2`, `0`. */
export function effectOf({ source, target, amount }: Pick<Entry, "source" | "target" | "amount">) {
  if (target === "available") return `+${amount.toLocaleString()}`;
  return source === "available" ? `−${amount.toLocaleString()}` : "0";
}
