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

/** How a pool is set at this moment. */
export const readPool = (name: string) => data(client.GET("/api/v1/limits/{name}", at(name)));

export const setPool = (name: string, settings: object) =>
  client
    .PUT("/api/v1/limits/{name}", { ...at(name), body: settings as PoolSettings })
    .finally(lookAgain);

export const giveBack = (name: string) =>
  client.DELETE("/api/v1/limits/{name}", at(name)).finally(lookAgain);

export function useCloseBreaker() {
  return useMutation({
    mutationFn: (name: string) => client.POST("/api/v1/limits/{name}/breaker/close", at(name)),
    onSettled: lookAgain,
  });
}
