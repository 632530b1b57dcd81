/** What can be said beside the input, as a form has it, and the submit's body that comes of it. */

import type { Body } from "@/hooks/use-submit";
import type { Json } from "./schema";

export type Options = {
  queue: string;
  priority: "high" | "normal" | "low";
  tags: string[];
  when: "now" | "delay" | "moment";
  /** As the CLI takes it: 90 (seconds), 10m, 2h, 1d. */
  delay: string;
  /** As a browser's field has it, in the reader's time zone: 2026-01-31T18:00. */
  moment: string;
  maxAttempts: number | null;
  timeout: string;
  webhook: string;
  /** An idempotency key of one's own; empty: a fresh one. */
  key: string;
};

export const DEFAULTS: Options = {
  queue: "",
  priority: "normal",
  tags: [],
  when: "now",
  delay: "10m",
  moment: "",
  maxAttempts: null,
  timeout: "",
  webhook: "",
  key: "",
};

const SPAN = /^\+?(\d+(?:\.\d+)?)\s*(s|m|min|h|d)?$/;
const SECONDS: Record<string, number> = { s: 1, "": 1, m: 60, min: 60, h: 3600, d: 86_400 };

/** Seconds of "90", "10m", "1.5h"; null for anything else. */
export function spanSeconds(text: string): number | null {
  const found = SPAN.exec(text.trim());
  return found ? Number(found[1]) * (SECONDS[found[2] ?? ""] ?? 1) : null;
}

/** What is wrong with the options, by name. The API says the rest. */
export function optionFaults(options: Options): Partial<Record<keyof Options, string>> {
  const found: Partial<Record<keyof Options, string>> = {};
  const span = "Write 90 (seconds), 10m, 2h or 1d.";
  if (options.when === "delay" && spanSeconds(options.delay) === null) found.delay = span;
  if (options.when === "moment" && !options.moment) found.moment = "Choose a day and a time.";
  if (options.timeout && !spanSeconds(options.timeout)) found.timeout = span;
  if (options.key && !/^[\x20-\x7e]{1,255}$/.test(options.key))
    found.key = "At most 255 printable ASCII characters.";
  return found;
}

/** The body of a submit; `now` (milliseconds) is what a delay counts from. */
export function bodyOf(type: string, input: Json, options: Options, now: number): Body {
  const body: Body = { type, input };
  if (options.queue) body.queue = options.queue;
  if (options.priority !== "normal") body.priority = options.priority;
  if (options.tags.length) body.tags = options.tags;
  if (options.when === "moment" && options.moment)
    body.run_at = new Date(options.moment).toISOString();
  const delay = spanSeconds(options.delay);
  if (options.when === "delay" && delay !== null)
    body.run_at = new Date(now + delay * 1000).toISOString();
  if (options.maxAttempts !== null) body.max_attempts = options.maxAttempts;
  const timeout = spanSeconds(options.timeout);
  if (options.timeout && timeout) body.timeout_s = timeout;
  if (options.webhook) body.webhook = options.webhook;
  return body;
}

/** Of a job that is to be submitted again: only what differs from its type's own policy. */
export function optionsOf(
  job: {
    queue: string;
    priority: Options["priority"];
    tags: string[];
    max_attempts: number;
    timeout_s: number;
  },
  declared: { queue: string; policy: { max_attempts: number; timeout_s: number } },
): Options {
  return {
    ...DEFAULTS,
    queue: job.queue === declared.queue ? "" : job.queue,
    priority: job.priority,
    // A schedule puts its own tag on what it makes; this job is none of its.
    tags: job.tags.filter((tag) => !tag.startsWith("schedule:")),
    maxAttempts: job.max_attempts === declared.policy.max_attempts ? null : job.max_attempts,
    timeout: job.timeout_s === declared.policy.timeout_s ? "" : String(job.timeout_s),
  };
}
