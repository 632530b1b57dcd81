// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { matters } from "./attention";
import type { Pool } from "./use-limits";
import type { Queue } from "./use-queues";
import type { Worker } from "./use-workers";

const NOW = Date.parse("2026-11-27T12:00:00Z");
const queue = { name: "io", waiting: 0, workers: 1, paused: null } as Queue;
const pool = {
  name: "openai",
  limits: [],
  frozen_s: 0,
  breaker: { state: "closed" },
} as never as Pool;
const worker = {
  id: "1",
  name: "io@a:1",
  state: "live",
  heartbeat_at: "2026-11-27T11:59:58Z",
} as Worker;
const found = (seen: object) => matters({ now: NOW, ...seen }).map((one) => one.what);

test("nothing is the matter where all goes on", () =>
  expect(found({ queues: [queue], pools: [pool], workers: [worker] })).toEqual([]));

test("a queue without a worker matters only when jobs wait there", () => {
  expect(found({ queues: [{ ...queue, workers: 0 }] })).toEqual([]);
  expect(found({ queues: [{ ...queue, workers: 0, waiting: 3 }] })).toEqual([
    "No worker serves io",
  ]);
});

test("what stops calls and jobs comes before what waits for a decision", () => {
  const seen = {
    queues: [{ ...queue, paused: { by: "ann", reason: "new model", since: "" } }],
    pools: [{ ...pool, breaker: { state: "open", failures: 5 } }],
    workers: [{ ...worker, heartbeat_at: "2026-11-27T11:59:50Z" }],
    dead: { count: 30, causes: 3, more: false },
  };
  expect(found(seen)).toEqual([
    "io@a:1 is silent",
    "The breaker of openai is open",
    "30 dead letters",
    "io is paused",
  ]);
});

test("a pool whose state nobody can read is Redis's affair", () =>
  expect(found({ pools: [{ ...pool, limits: null, breaker: null }] })).toEqual([
    "Redis does not answer",
  ]));

test("who paused a queue and why is said with what waits", () => {
  const paused = { by: "ann", reason: "new model", since: "" };
  const [one] = matters({ now: NOW, queues: [{ ...queue, waiting: 1, paused }] });
  expect(one?.why).toBe("“new model” · ann · 1 job waits.");
});
