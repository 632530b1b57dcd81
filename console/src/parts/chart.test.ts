// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { lonely } from "./chart";

test("a value between missing ones is drawn as a point, others are on a line", () =>
  expect(lonely([1, null, 2, 3, null, null, 4])).toEqual([0, 6]));
