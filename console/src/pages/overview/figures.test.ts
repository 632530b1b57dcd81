import { expect, test } from "vitest";
import { read } from "@/hooks/job-query";
import type { Queue } from "@/hooks/use-queues";
import type { Stats } from "@/hooks/use-stats";
import { causes, depths, lines, perMinute, picked, seconds } from "./figures";

const queue = { waiting: 2, running: 1, scheduled: 0, oldest_waiting_s: null } as Queue;

test("the oldest waiting job is that of the queue that waits longest", () =>
  expect(
    depths([
      { ...queue, name: "a", oldest_waiting_s: 4 },
      { ...queue, name: "b", oldest_waiting_s: 90 },
      { ...queue, name: "c" },
    ]),
  ).toEqual({ waiting: 6, running: 3, scheduled: 0, oldest: { queue: "b", seconds: 90 } }));

test("empty queues have no oldest job", () => expect(depths([queue]).oldest).toBeUndefined());

test("counts become rates, and a step in which nothing started has no waiting time", () => {
  const point = { at: "2026-11-27T12:00:00Z", succeeded: 10, latency: null };
  const other = { ...point, latency: { p50_s: 0.5 } };
  const made = lines({ step_s: 300, data: [point, other] } as never as Stats);
  expect(made.rate("succeeded")).toEqual([2, 2]);
  expect(made.times("latency", "p50_s")).toEqual([null, 0.5]);
});

test.each([
  [0.44, "0.4 /min"],
  [12.4, "12 /min"],
  [3400, "3,400 /min"],
])("%d a minute is %s", (value, words) => expect(perMinute(value)).toBe(words));

test.each([
  [0, "0"],
  [0.4, "400 ms"],
  [400, "6.7 min"],
  [7200, "2 h"],
])("on an axis %d s are %s", (value, words) => expect(seconds(value)).toBe(words));

test("what is picked in a chart is a query that the jobs page reads", () => {
  const [from, to] = [1_795_780_800, 1_795_784_400];
  const { filters, faults } = read(picked("finished", from, to), 0);
  expect(faults).toEqual([]);
  expect(filters).toEqual({
    finished_after: new Date(from * 1000).toISOString(),
    finished_before: new Date(to * 1000).toISOString(),
  });
});

test("the commonest causes come first, each with its jobs", () => {
  const [first, ...others] = causes({ a: 1, b: 5, c: 2 }, "6h", 2);
  expect(others).toHaveLength(1);
  expect(first).toEqual({ code: "b", count: 5, q: "state:failed text:b finished:<6h" });
});
