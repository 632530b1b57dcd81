/** Pools: what limits the calls of a provider, how it stands, setting it. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import { live, queries } from "./query";

export type Pool = Schema["PoolDocument"];
export type PoolSettings = Schema["PoolBody"];
export type Usage = Schema["LimitUsage"];

export function usePools() {
  return useQuery({
    queryKey: ["limits"],
    queryFn: async ({ signal }) => (await data(client.GET("/api/v1/limits", { signal }))).data,
    ...live(2000),
  });
}

const lookAgain = () => queries.invalidateQueries({ queryKey: ["limits"] });
const at = (name: string) => ({ params: { path: { name } } });

/** Only in place of what was seen: the API says who was quicker. */
const seen = (name: string, pool: Pool | null) => ({
  params: {
    path: { name },
    header: pool ? { "If-Match": `"${pool.version}"` } : { "If-None-Match": "*" },
  },
});

/** Sets a pool in place of `pool` as it was seen, null for a new one. */
export const setPool = (name: string, settings: object, pool: Pool | null) =>
  client
    .PUT("/api/v1/limits/{name}", { ...seen(name, pool), body: settings as PoolSettings })
    .finally(lookAgain);

export const giveBack = (pool: Pool) =>
  client.DELETE("/api/v1/limits/{name}", seen(pool.name, pool)).finally(lookAgain);

export function useCloseBreaker() {
  return useMutation({
    mutationFn: (name: string) => client.POST("/api/v1/limits/{name}/breaker/close", at(name)),
    onSettled: lookAgain,
  });
}
