import { expect, test } from "vitest";
import { etaSeconds, percentOf } from "./progress-bar";

const progress = { percent: null, step: null, done: 0, failed: 0, total: null };

test("what was counted stands in for a percentage, failures with it", () => {
  expect(percentOf({ ...progress, done: 3, failed: 1, total: 8 })).toBe(50);
  expect(percentOf({ ...progress, percent: 12.5, done: 3, total: 4 })).toBe(12.5);
  expect(percentOf(progress)).toBeNull();
});

test("the rest takes as long as what is done did", () => expect(etaSeconds(25, 30)).toBe(90));

test("no time is told while it would be a guess", () => {
  expect(etaSeconds(null, 30)).toBeNull();
  expect(etaSeconds(1, 30)).toBeNull();
  expect(etaSeconds(50, 1)).toBeNull();
  expect(etaSeconds(100, 30)).toBeNull();
});
