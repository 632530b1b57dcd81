/** What may come next in a query. */

import { KEYS } from "@/hooks/job-query";
import { STATES } from "@/parts/state-badge";

export type Suggestion = { text: string; hint: string };

const MEANINGS: Record<string, string> = {
  state: "queued, running, failed …",
  type: "the job type",
  queue: "the queue",
  tag: "has this tag",
  created: "<2h younger, >2h older, >2026-11-01 after",
  started: "when it began",
  finished: "when it ended",
  text: "a part of the error",
  parent: "children of a job",
  fingerprint: "one group of dead letters",
};
const AGES = ["<15m", "<1h", "<24h", "<7d", ">1h", ">24h"];

/** The word that `caret` is in, and where it begins. */
export function wordAt(text: string, caret: number): { word: string; start: number } {
  const before = text.slice(0, caret);
  const start = Math.max(before.lastIndexOf(" "), -1) + 1;
  return { word: before.slice(start), start };
}

export function suggest(
  text: string,
  caret: number,
  names: { type: string[]; queue: string[] },
): Suggestion[] {
  const { word } = wordAt(text, caret);
  const colon = word.indexOf(":");
  if (colon < 0)
    return KEYS.filter((key) => key.startsWith(word.toLowerCase())).map((key) => ({
      text: `${key}:`,
      hint: MEANINGS[key] ?? "",
    }));
  const key = word.slice(0, colon).toLowerCase();
  const begun = word.slice(colon + 1).toLowerCase();
  const values =
    key === "state"
      ? STATES
      : key === "type" || key === "queue"
        ? names[key]
        : ["created", "started", "finished"].includes(key)
          ? AGES
          : [];
  return values
    .filter((value) => value.toLowerCase().includes(begun) && value !== begun)
    .slice(0, 12)
    .map((value) => ({ text: `${key}:${value}`, hint: "" }));
}

/** `text` with the word at `caret` replaced, and where the caret is then. */
export function accepted(text: string, caret: number, suggestion: Suggestion) {
  const { start } = wordAt(text, caret);
  const rest = text.slice(caret).replace(/^\S*\s?/, "");
  const tail = suggestion.text.endsWith(":") ? "" : " ";
  const head = text.slice(0, start) + suggestion.text + tail;
  return { text: head + rest, caret: head.length };
}
