/** API keys, for administrators. */

import { useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import { live, queries } from "./query";
import type { Scope } from "./use-me";

export type Key = Schema["KeyDocument"];

export const SCOPES: { value: Scope; means: string }[] = [
  { value: "read", means: "See jobs, results and files." },
  { value: "submit", means: "Upload files and submit jobs; does not include seeing them." },
  { value: "operate", means: "Cancel, retry, pause, drain, schedule; webhooks." },
  { value: "priority", means: "Submit before others." },
  { value: "admin", means: "All of these, keys, grants, limits, the audit." },
];

const LOOK_AGAIN_MS = 15_000;
const lookAgain = () => queries.invalidateQueries({ queryKey: ["keys"] });

/** Newest first, also those that count no more. */
export function useKeys(tenant: string | undefined) {
  return useQuery({
    queryKey: ["keys", tenant ?? ""],
    queryFn: async ({ signal }) =>
      (await data(client.GET("/api/v1/keys", { params: { query: { tenant } }, signal }))).data,
    ...live(LOOK_AGAIN_MS),
  });
}

export const makeKey = (body: Schema["KeyBody"]) =>
  data(client.POST("/api/v1/keys", { body })).finally(lookAgain);

export const rotateKey = (key_id: string, overlap_s: number) =>
  data(
    client.POST("/api/v1/keys/{key_id}/rotate", {
      params: { path: { key_id } },
      body: { overlap_s },
    }),
  ).finally(lookAgain);

export const revokeKey = (key_id: string) =>
  data(client.DELETE("/api/v1/keys/{key_id}", { params: { path: { key_id } } })).finally(lookAgain);

/** Whether a key lets anybody in at the moment `now`. */
export function standingOf(
  key: Pick<Key, "revoked_at" | "expires_at">,
  now: number,
): "active" | "revoked" | "expired" {
  if (key.revoked_at) return "revoked";
  return key.expires_at && Date.parse(key.expires_at) <= now ? "expired" : "active";
}
