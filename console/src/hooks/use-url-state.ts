/** State that lives in the address: shared by a link, kept by a reload, walked by Back. */

import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

export type UrlState = Record<string, string | undefined>;

/** The address's parameters and a way to change some; an empty value leaves the address. */
export function useUrlState() {
  const state = useSearch({ strict: false }) as UrlState;
  const navigate = useNavigate();
  const change = useCallback(
    (changes: UrlState, { replace = false } = {}) =>
      navigate({
        to: ".",
        replace,
        search: (before: UrlState) => clean({ ...before, ...changes }),
      } as Parameters<typeof navigate>[0]),
    [navigate],
  );
  return [state, change] as const;
}

function clean(state: UrlState): UrlState {
  return Object.fromEntries(Object.entries(state).filter(([, value]) => value));
}
