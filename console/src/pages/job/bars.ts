/** Attempts, steps and children as bars on one line of time. */

import type { Attempt, Step } from "@/hooks/use-job";
import type { Job } from "@/hooks/use-jobs";

export type Bar = {
  key: string;
  kind: "attempt" | "step" | "child";
  name: string;
  note: string;
  /** Milliseconds since 1970; an open end means 'still at it'. */
  start: number;
  end: number | null;
  colour: string;
  jobId?: string;
};

const OUTCOMES: Record<string, string> = {
  succeeded: "--succeeded",
  failed: "--failed",
  cancelled: "--cancelled",
};

export function bars(attempts: Attempt[], steps: Step[], family: Job[]): Bar[] {
  const all = [...attempts.map(ofAttempt), ...steps.map(ofStep), ...family.map(ofChild)];
  const rank = { attempt: 0, step: 1, child: 2 };
  return all.sort((a, b) => a.start - b.start || rank[a.kind] - rank[b.kind]);
}

function ofAttempt(one: Attempt): Bar {
  const retried = one.error ? "--failed" : "--queued";
  return {
    key: `attempt ${one.run}.${one.number}.${one.fence}`,
    kind: "attempt",
    name: one.run > 1 ? `Attempt ${one.number}, run ${one.run}` : `Attempt ${one.number}`,
    note: [one.outcome, one.reason, one.error && String(one.error.message ?? one.error.code)]
      .filter(Boolean)
      .join(" · "),
    start: Date.parse(one.started_at),
    end: one.ended_at ? Date.parse(one.ended_at) : null,
    colour: one.ended_at ? (OUTCOMES[one.outcome] ?? retried) : "--running",
  };
}

function ofStep(one: Step): Bar {
  const end = Date.parse(one.finished_at);
  return {
    key: `step ${one.name} ${one.finished_at} ${one.fence}`,
    kind: "step",
    name: one.name,
    note: "",
    start: end - one.duration_s * 1000,
    end,
    colour: "--accent",
  };
}

function ofChild(job: Job): Bar {
  return {
    key: `child ${job.id}`,
    kind: "child",
    name: job.type,
    note: job.state,
    start: Date.parse(job.started_at ?? job.created_at),
    end: job.finished_at ? Date.parse(job.finished_at) : null,
    colour: `--${job.state}`,
    jobId: job.id,
  };
}

/** The attempts and the last `count` of the rest, in their order. */
export function latest(all: Bar[], count: number): Bar[] {
  const rest = new Set(all.filter((one) => one.kind !== "attempt").slice(-count));
  return all.filter((one) => one.kind === "attempt" || rest.has(one));
}

/** From the first begin to the last end, at least a millisecond; open bars end `now`. */
export function span(all: Bar[], now: number): { from: number; to: number } {
  const from = Math.min(...all.map((one) => one.start));
  const to = Math.max(...all.map((one) => one.end ?? now));
  return { from, to: Math.max(to, from + 1) };
}

/** Where a bar lies, in percent of the span; never thinner than can be seen. */
export function place(bar: Bar, { from, to }: { from: number; to: number }, now: number) {
  const whole = to - from;
  const left = (100 * (bar.start - from)) / whole;
  const width = (100 * ((bar.end ?? now) - bar.start)) / whole;
  return { left: Math.min(left, 99.5), width: Math.max(width, 0.5) };
}
