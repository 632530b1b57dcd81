import { expect, test } from "vitest";
import { ago, duration, when } from "./time";

test.each([
  [0.0421, "42 ms"],
  [0.9996, "1.0 s"],
  [4.24, "4.2 s"],
  [59.6, "1 min"],
  [185, "3 min 5 s"],
  [7800, "2 h 10 min"],
  [86_400 * 3 + 3600 * 4, "3 d 4 h"],
])("%d seconds are %s", (seconds, words) => expect(duration(seconds)).toBe(words));

test.each([
  [0, "just now"],
  [12_400, "12 s ago"],
  [-180_000, "in 3 min"],
  [86_400_000 * 2, "2 d ago"],
])("%d ms before now is %s", (ms, words) => expect(ago(1e12 - ms, 1e12)).toBe(words));

test.each([
  [new Date(2026, 10, 27, 8, 3, 9), "08:03:09"],
  [new Date(2026, 10, 26, 14, 3, 9), "26 Nov 14:03"],
  [new Date(2024, 10, 26, 14, 3, 9), "26 Nov 2024"],
])("%s is shown on 27 November 2026 as %s", (at, words) =>
  expect(when(at, new Date(2026, 10, 27, 9))).toBe(words),
);
