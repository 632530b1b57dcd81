// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { effectOf } from "./use-credits";

test("an entry tells what it did to what may be spent", () => {
  expect(effectOf({ source: "issued", target: "available", amount: 500 })).toBe("+500");
  expect(effectOf({ source: "available", target: "reserved", amount: 2 })).toBe("−2");
  expect(effectOf({ source: "reserved", target: "spent", amount: 2 })).toBe("0");
});
