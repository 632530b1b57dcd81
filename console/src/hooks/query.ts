/** How the console asks: no answer is asked for twice, and a refusal is not asked for again. */

import { focusManager, QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { onPresence } from "@/api/presence";
import { ProblemError } from "@/api/problem";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The API may be away while the network is up, and the other way round.
      networkMode: "always",
      staleTime: 2_000,
      refetchOnWindowFocus: false,
      // `presence` says when to ask again; a limit says when in the answer.
      retry: (failures, error) =>
        error instanceof ProblemError && (error.status === 429 || error.status === 503)
          ? failures < 2
          : false,
      retryDelay: (_, error) =>
        1000 * Number((error instanceof ProblemError && error.members.retry_after_s) || 1),
    },
    mutations: { networkMode: "always", retry: false },
  },
});

// What could not be read while the API was away is read when it is back.
onPresence((away) => {
  if (!away) queries.invalidateQueries();
});

/** How often lists look again; 0 pauses it. A hidden tab asks for nothing. */
export const live = (everyMs: number) => ({
  refetchInterval: everyMs || (false as const),
  refetchIntervalInBackground: false,
});

let held = false;
const listeners = new Set<() => void>();

/** Lists stay as they are until it is called again; what is asked for by hand is answered all the same. */
export function holdOrGoOn() {
  held = !held;
  // As in a hidden tab, where nothing looks again by itself.
  focusManager.setFocused(held ? false : undefined);
  if (!held) queries.invalidateQueries();
  for (const listener of listeners) listener();
}

function onHold(listener: () => void) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** Whether the reader holds the lists. */
export const useHeld = () => useSyncExternalStore(onHold, () => held);
