/** Rows that stay where they are while somebody reads them. */

import { useEffect, useRef, useState } from "react";
import type { Job } from "@/hooks/use-jobs";

export type Steady = { rows: Job[]; newer: number };

/** `shown` with the news of `fresh`; what is new there is counted, not put between. */
export function held(shown: Job[], fresh: Job[]): Steady {
  const news = new Map(fresh.map((job) => [job.id, job]));
  const rows = shown.map((job) => news.get(job.id) ?? job);
  const known = new Set(shown.map((job) => job.id));
  const top = shown[0]?.created_at ?? "";
  const newer = fresh.filter((job) => !known.has(job.id) && job.created_at > top).length;
  return { rows, newer };
}

/** The rows to show. While `reading`, none moves; `view` names the list: another one is shown at once. */
export function useSteady(fresh: Job[] | undefined, view: string, reading: boolean) {
  const shown = useRef<{ view: string; rows: Job[] } | null>(null);
  const [, again] = useState(0);
  const holds = reading && fresh && shown.current?.view === view;
  const state =
    holds && shown.current ? held(shown.current.rows, fresh) : { rows: fresh, newer: 0 };
  useEffect(() => {
    shown.current = state.rows ? { view, rows: state.rows } : null;
  });
  const show = () => {
    shown.current = null;
    again((count) => count + 1);
  };
  return { ...state, show };
}

/** Whether the top of the page is out of sight. */
export function useScrolled(byPx: number) {
  const [scrolled, setScrolled] = useState(false);
  useEffect(() => {
    const look = () => setScrolled(window.scrollY > byPx);
    window.addEventListener("scroll", look, { passive: true });
    return () => window.removeEventListener("scroll", look);
  }, [byPx]);
  return scrolled;
}
