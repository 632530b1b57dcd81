import { expect, test } from "vitest";
import { askAhead, askedAhead } from "./ahead";

test("an answer asked for ahead is taken once, and asked for anew after that", async () => {
  let times = 0;
  const ask = async () => ++times;
  askAhead("me", ask);
  expect(times).toBe(1);
  expect(await askedAhead("me", ask)).toBe(1);
  expect(await askedAhead("me", ask)).toBe(2);
});

test("a refusal is told to who takes it", async () => {
  askAhead("me", () => Promise.reject(new Error("Sign in")));
  await expect(askedAhead("me", async () => "somebody")).rejects.toThrow("Sign in");
});
