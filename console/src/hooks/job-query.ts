/** The typed query of jobs: `state:failed type:rewrite_novel tag:x created:>2h text:"no text"`.
 *
 * Words repeated mean 'any of' (tags: 'all of'), as in the API; words without a name are looked for in
 * the error. A span is an age, `created:>2h` (more than two hours ago) and `created:<2h` (less), or a
 * moment, `created:>2026-11-01` (after) and `created:<2026-11-01T08:30` (before), in local time.
 */

import type { paths } from "@/api/schema";

export type Filters = NonNullable<paths["/api/v1/jobs"]["get"]["parameters"]["query"]>;
export type Token = { key: string; value: string; raw: string };
export type Reading = { filters: Filters; faults: string[] };

const STATES = ["scheduled", "queued", "running", "waiting", "succeeded", "failed", "cancelled"];
const LISTED = ["state", "type", "queue", "tag"] as const;
const SPANS = ["created", "started", "finished"] as const;
const SINGLE = ["text", "parent", "fingerprint"] as const;
export const KEYS = [...LISTED, ...SPANS, ...SINGLE];

const UNITS_MS: Record<string, number> = {
  s: 1e3,
  m: 6e4,
  min: 6e4,
  h: 3.6e6,
  d: 8.64e7,
  w: 6.048e8,
};
const TOKEN = /(?:([a-z]+):)?(?:"((?:[^"\\]|\\.)*)"?|(\S+))/gi;

/** The words of `text` with their names; a name that is none of ours belongs to the word. */
export function tokens(text: string): Token[] {
  return [...text.matchAll(TOKEN)].map(([raw, name, quoted, plain]) => {
    const key = name?.toLowerCase() ?? "";
    const value = quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "";
    return key && !(KEYS as string[]).includes(key)
      ? { key: "", value: raw, raw }
      : { key, value, raw };
  });
}

/** One word as it is typed. */
export function written(key: string, value: string): string {
  const word = /[\s"]/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value;
  return key ? `${key}:${word}` : word;
}

/** The API's filters for `text` at the moment `now`, and what could not be read. */
export function read(text: string, now: number): Reading {
  const filters: Filters = {};
  const faults: string[] = [];
  const words: string[] = [];
  for (const { key, value, raw } of tokens(text)) {
    if (key === "") words.push(value);
    else if (value === "") faults.push(`${raw} names nothing.`);
    else if (key === "text") words.push(value);
    else if (key === "state" && !STATES.includes(value)) faults.push(`There is no state ${value}.`);
    else if (includes(LISTED, key)) {
      const list = (filters[key] ?? []) as string[];
      Object.assign(filters, { [key]: [...new Set([...list, value])] });
    } else if (includes(SPANS, key)) {
      const bound = boundOf(value, now);
      if (bound) filters[`${key}_${bound.side}`] = bound.at;
      else faults.push(`${raw} is no span: say ${key}:<2h, or ${key}:>2026-11-01.`);
    } else if (includes(SINGLE, key)) filters[key] = value;
  }
  if (words.length) filters.text = words.join(" ");
  return { filters, faults };
}

function boundOf(value: string, now: number): { side: "after" | "before"; at: string } | null {
  const [, sign, rest] = /^([<>])?=?(.+)$/.exec(value) ?? [];
  if (!rest) return null;
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)([a-z]+)$/i.exec(rest) ?? [];
  const ms = UNITS_MS[unit.toLowerCase()];
  // A longer age is an earlier moment. An age alone means 'within'.
  if (amount && ms)
    return {
      side: sign === ">" ? "before" : "after",
      at: new Date(now - Number(amount) * ms).toISOString(),
    };
  const moment = new Date(/^\d{4}-\d\d-\d\d$/.test(rest) ? `${rest}T00:00` : rest);
  if (Number.isNaN(moment.getTime()) || !/^\d{4}-/.test(rest)) return null;
  return { side: sign === "<" ? "before" : "after", at: moment.toISOString() };
}

/** `text` with the word added, or without it where it is in. */
export function toggled(text: string, key: string, value: string): string {
  const all = tokens(text);
  const without = all.filter((one) => !(one.key === key && one.value === value));
  if (without.length === all.length) without.push({ key, value, raw: written(key, value) });
  return without.map((one) => one.raw).join(" ");
}

/** Whether the word is in. */
export const has = (text: string, key: string, value: string) =>
  tokens(text).some((one) => one.key === key && one.value === value);

/** Whether what is found depends on when it is asked. */
export const isRelative = (text: string) =>
  tokens(text).some(
    (one) => includes(SPANS, one.key) && /^[<>]?=?\d+(\.\d+)?[a-z]+$/i.test(one.value),
  );

function includes<const T extends readonly string[]>(list: T, word: string): word is T[number] {
  return list.includes(word);
}
