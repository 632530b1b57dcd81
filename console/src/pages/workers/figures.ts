/** What workers come to together. */

import type { Worker } from "@/hooks/use-workers";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `189 MiB`, `1.4 GiB`. */
export function bytes(count: number | null): string {
  if (count === null) return "–";
  const step = Math.min(
    UNITS.length - 1,
    Math.max(0, Math.floor(Math.log2(Math.max(1, count)) / 10)),
  );
  const value = count / 1024 ** step;
  return `${value.toFixed(step > 0 && value < 10 ? 1 : 0)} ${UNITS[step]}`;
}

export function totals(workers: Worker[]) {
  const sum = (of: (worker: Worker) => number) =>
    workers.reduce((all, worker) => all + of(worker), 0);
  return {
    live: workers.filter((one) => one.state === "live").length,
    draining: workers.filter((one) => one.state === "draining").length,
    busy: sum((one) => one.in_flight),
    slots: sum((one) => one.slots),
    memory: sum((one) => one.rss_bytes ?? 0),
    versions: [...new Set(workers.map((one) => one.version))].sort(),
  };
}
