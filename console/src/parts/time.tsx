/** Moments and spans, for people: short, with units, the exact one a hover away. A reader may turn all
 * moments from how long ago they were to when. */

import { useMemo, useSyncExternalStore } from "react";

const EVERY_MS = 1000;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function onTick(listener: () => void) {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    if (!document.hidden) for (const one of listeners) one();
  }, EVERY_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time, to the second; all that show it tick together. */
export function useNow(): number {
  return useSyncExternalStore(onTick, () => now);
}

/** `850 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  const s = Math.abs(seconds);
  if (s < 0.9995) return `${Math.round(s * 1000)} ms`;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(whole, 60, "min", 1, "s");
  if (whole < 86_400) return pair(whole, 3600, "h", 60, "min");
  return pair(whole, 86_400, "d", 3600, "h");
}

function pair(whole: number, large: number, itsName: string, small: number, name: string): string {
  const rest = Math.floor((whole % large) / small);
  return `${Math.floor(whole / large)} ${itsName}${rest ? ` ${rest} ${name}` : ""}`;
}

/** `12 s ago`, `in 3 min`, `just now`. */
export function ago(at: number, from: number): string {
  const seconds = (from - at) / 1000;
  if (Math.abs(seconds) < 1) return "just now";
  const s = Math.floor(Math.abs(seconds));
  const [value, unit] =
    s < 60
      ? [s, "s"]
      : s < 3600
        ? [Math.floor(s / 60), "min"]
        : s < 86_400
          ? [Math.floor(s / 3600), "h"]
          : [Math.floor(s / 86_400), "d"];
  return seconds > 0 ? `${value} ${unit} ago` : `in ${value} ${unit}`;
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A moment as the reader's clock has it. */
export const moment = (at: string | number | Date) => exact.format(new Date(at));

const PLACE = "haulage.times";
const turned = new Set<() => void>();
let exactly = false;
try {
  exactly = localStorage.getItem(PLACE) === "exact";
} catch {
  // Storage is refused: it is good for this visit alone.
}

/** Shows all moments the other way; kept for the next visit. */
export function turnTimes() {
  exactly = !exactly;
  try {
    localStorage.setItem(PLACE, exactly ? "exact" : "ago");
  } catch {
    // See above.
  }
  for (const one of turned) one();
}

function onTurn(listener: () => void) {
  turned.add(listener);
  return () => {
    turned.delete(listener);
  };
}

/** Whether moments are shown as the clock has them. */
export const useExactTimes = () => useSyncExternalStore(onTurn, () => exactly);

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** `14:03:09` for a moment of today, `26 Nov 14:03` for others, `26 Nov 2024` for those of other years. */
export function when(at: Date, from: Date): string {
  if (at.toDateString() === from.toDateString()) return clock.format(at);
  const its = day.format(at);
  return at.getFullYear() === from.getFullYear()
    ? `${its} ${clock.format(at).slice(0, 5)}`
    : `${its} ${at.getFullYear()}`;
}

export function Ago({ at }: { at: string | null | undefined }) {
  const from = useNow();
  const exact = useExactTimes();
  const title = useMemo(() => at && `${moment(at)}\n${at}`, [at]);
  if (!at) return <span className="muted">–</span>;
  return (
    <time dateTime={at} title={title || undefined}>
      {exact ? when(new Date(at), new Date(from)) : ago(new Date(at).getTime(), from)}
    </time>
  );
}

/** A span that is over, or one since `since` that goes on. */
export function Duration({ seconds, since }: { seconds?: number | null; since?: string | null }) {
  const from = useNow();
  const span = seconds ?? (since ? Math.max(0, (from - new Date(since).getTime()) / 1000) : null);
  if (span === null) return <span className="muted">–</span>;
  return <span title={`${span.toFixed(3)} s`}>{duration(span)}</span>;
}
