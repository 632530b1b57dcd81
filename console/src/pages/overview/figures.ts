/** The overview's numbers and lines, from what the API counted. */

import { written } from "@/hooks/job-query";
import type { Queue } from "@/hooks/use-queues";
import type { Stats } from "@/hooks/use-stats";
import { duration } from "@/parts/time";

export type Sum = Stats["total"];

export const ended = (sum: Pick<Sum, "succeeded" | "failed" | "cancelled">) =>
  sum.succeeded + sum.failed + sum.cancelled;

/** What is in the queues now, over all of them. */
export function depths(queues: Queue[]) {
  const sum = (of: (queue: Queue) => number) => queues.reduce((all, one) => all + of(one), 0);
  const oldest = queues
    .filter((one) => one.oldest_waiting_s !== null)
    .sort((a, b) => (b.oldest_waiting_s ?? 0) - (a.oldest_waiting_s ?? 0))[0];
  return {
    waiting: sum((one) => one.waiting),
    running: sum((one) => one.running),
    scheduled: sum((one) => one.scheduled),
    oldest: oldest && { queue: oldest.name, seconds: oldest.oldest_waiting_s ?? 0 },
  };
}

export type Line = "submitted" | "succeeded" | "failed" | "cancelled";
export type Times = "latency" | "duration";

/** The lines of the charts. Counts are by the minute, so that they mean the same in every span. */
export function lines(stats: Stats) {
  const { data, step_s: step } = stats;
  const rate = (name: Line) => data.map((point) => (point[name] * 60) / step);
  const times = (name: Times, share: "p50_s" | "p95_s") =>
    data.map((point) => point[name]?.[share] ?? null);
  return {
    at: data.map((point) => Date.parse(point.at) / 1000),
    rate,
    times,
  };
}

/** `0.4 /min`, `12 /min`, `3,400 /min`. */
export const perMinute = (value: number) =>
  `${value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 })} /min`;

/** Of an axis, which has little room: `400 ms`, `6.7 min`. */
export function seconds(value: number): string {
  if (value < 60) return value ? duration(value) : "0";
  const [size, unit] = value < 3600 ? [60, "min"] : value < 86_400 ? [3600, "h"] : [86_400, "d"];
  return `${Number((value / size).toFixed(1))} ${unit}`;
}

/** The jobs that did it between two moments, in the words of the jobs page. */
export function picked(kind: "created" | "started" | "finished", from: number, to: number) {
  const at = (moment: number) => local(new Date(moment * 1000));
  return `${kind}:>${at(from)} ${kind}:<${at(to)}`;
}

/** As the query has moments: local time, to the second. */
function local(moment: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join("-");
  return `${day}T${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
}

/** The commonest causes of failure, and a query for each. */
export function causes(failures: Record<string, number>, span: string, most = 6) {
  return Object.entries(failures)
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([code, count]) => ({
      code,
      count,
      q: `state:failed ${written("text", code)} finished:<${span}`,
    }));
}
