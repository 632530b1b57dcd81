import { expect, test } from "vitest";
import type { Job } from "@/hooks/use-jobs";
import { held } from "./steady";

const job = (id: string, state = "queued") =>
  ({ id, state, created_at: `2026-01-01T00:00:0${id}Z` }) as Job;

test("rows keep their places and show their news", () => {
  const { rows } = held([job("3"), job("2")], [job("5"), job("3", "running"), job("2")]);
  expect(rows.map((one) => [one.id, one.state])).toEqual([
    ["3", "running"],
    ["2", "queued"],
  ]);
});

test("what is new is counted, what moved up from below is not", () => {
  expect(held([job("3")], [job("5"), job("4"), job("3"), job("1")]).newer).toBe(2);
});

test("a row that left the list stays while it is read", () => {
  expect(held([job("3"), job("2")], [job("2")]).rows).toHaveLength(2);
});
