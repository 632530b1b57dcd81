/** What somebody should look at now, the most pressing first. */

import type { Pool } from "./use-limits";
import { isUnserved, type Queue } from "./use-queues";
import { isSilent, type Worker } from "./use-workers";

export type Matter = {
  key: string;
  tone: "failed" | "warning";
  what: string;
  why: string;
  to: string;
  search?: Record<string, string>;
};

export type Seen = {
  queues?: Queue[];
  workers?: Worker[];
  pools?: Pool[];
  /** `more`: there are more than were counted. */
  dead?: { count: number; causes: number; more: boolean };
  now: number;
};

export function matters({ queues = [], workers = [], pools = [], dead, now }: Seen): Matter[] {
  const found: Matter[] = [];
  for (const queue of queues.filter(isUnserved))
    found.push({
      key: `unserved ${queue.name}`,
      tone: "failed",
      what: `No worker serves ${queue.name}`,
      why: `${jobs(queue.waiting)} there.`,
      to: "/queues",
    });
  for (const worker of workers.filter((one) => isSilent(one, now)))
    found.push({
      key: `silent ${worker.id}`,
      tone: "failed",
      what: `${worker.name} is silent`,
      why: "Its jobs go to others when its lease is over.",
      to: "/workers",
      search: { worker: worker.id },
    });
  if (pools.some((pool) => pool.breaker === null && pool.limits === null))
    found.push({
      key: "redis",
      tone: "failed",
      what: "Redis does not answer",
      why: "Jobs are kept, calls of providers wait.",
      to: "/limits",
    });
  for (const pool of pools.filter((one) => one.breaker && one.breaker.state !== "closed"))
    found.push({
      key: `breaker ${pool.name}`,
      tone: "failed",
      what: `The breaker of ${pool.name} is ${pool.breaker?.state === "open" ? "open" : "half open"}`,
      why: `${(pool.breaker?.failures ?? 0).toLocaleString()} failures in a row; its calls wait.`,
      to: "/limits",
    });
  if (dead?.count)
    found.push({
      key: "dead letters",
      tone: "warning",
      what: `${dead.more ? "More than " : ""}${dead.count.toLocaleString()} dead ${dead.count === 1 ? "letter" : "letters"}`,
      why: `Failed, of ${dead.causes === 1 ? "one cause" : `${dead.causes} causes`}; run them again or discard them.`,
      to: "/dead-letters",
    });
  for (const queue of queues)
    if (queue.paused)
      found.push({
        key: `paused ${queue.name}`,
        tone: "warning",
        what: `${queue.name} is paused`,
        why: `${queue.paused.reason ? `“${queue.paused.reason}” · ` : ""}${queue.paused.by} · ${jobs(queue.waiting)}.`,
        to: "/queues",
      });
  for (const pool of pools.filter((one) => (one.frozen_s ?? 0) > 0))
    found.push({
      key: `frozen ${pool.name}`,
      tone: "warning",
      what: `${pool.name} is frozen`,
      why: "Its provider refused a call and said when to come again.",
      to: "/limits",
    });
  return found;
}

const jobs = (count: number) =>
  count === 0
    ? "nothing waits"
    : count === 1
      ? "1 job waits"
      : `${count.toLocaleString()} jobs wait`;
