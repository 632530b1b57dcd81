/** Who is signed in, and what they may do. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { Schema } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { currentSession, onSession } from "@/api/session";
import { whoIsThere } from "./first-asks";
import { queries } from "./query";

export type Scope = Schema["Scope"];

export function useSession() {
  return useSyncExternalStore(onSession, currentSession);
}

const meOf = (credential: string | null) =>
  queryOptions({
    queryKey: ["me", credential],
    staleTime: 60_000,
    queryFn: whoIsThere,
  });

/** Asked for while the page is still being loaded; what comes of it `useMe` says. */
export const askWhoIsThere = () => queries.prefetchQuery(meOf(currentSession().credential));

/** A 401 says that this installation asks who calls. */
export function useMe() {
  const { credential } = useSession();
  const asked = useQuery(meOf(credential));
  const { error } = asked;
  return {
    me: asked.data,
    checked: !asked.isPending,
    needsSignIn: error instanceof ProblemError && error.status === 401,
  };
}

/** Whether the caller has one of these scopes; `admin` has them all. */
export function useMay() {
  const { me } = useMe();
  const scopes = new Set(me?.scopes ?? []);
  return (...anyOf: Scope[]) => scopes.has("admin") || anyOf.some((scope) => scopes.has(scope));
}
