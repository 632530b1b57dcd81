import { expect, test } from "vitest";
import type { Attempt, Step } from "@/hooks/use-job";
import { bars, latest, place, span } from "./bars";

const attempt = (number: number, from: number, to: number | null, outcome = "failed") =>
  ({
    number,
    run: 1,
    fence: number,
    outcome,
    started_at: new Date(from).toISOString(),
    ended_at: to === null ? null : new Date(to).toISOString(),
    reason: null,
    error: null,
  }) as unknown as Attempt;

const step = (name: string, to: number, seconds: number) =>
  ({ name, duration_s: seconds, finished_at: new Date(to).toISOString(), fence: 1 }) as Step;

test("bars come in the order in which they began, an attempt before its first step", () => {
  const all = bars([attempt(1, 1000, 5000), attempt(2, 8000, null)], [step("a", 3000, 2)], []);
  expect(all.map((one) => one.name)).toEqual(["Attempt 1", "a", "Attempt 2"]);
});

test("what goes on ends now", () => {
  const all = bars([attempt(1, 0, 1000), attempt(2, 3000, null)], [], []);
  const whole = span(all, 4000);
  expect(whole).toEqual({ from: 0, to: 4000 });
  expect(place(all[1] as never, whole, 4000)).toEqual({ left: 75, width: 25 });
});

test("a moment can still be seen", () => {
  const all = bars([attempt(1, 0, 100_000)], [step("quick", 100_000, 0)], []);
  expect(place(all[1] as never, span(all, 0), 0)).toEqual({ left: 99.5, width: 0.5 });
});

test("of many the attempts and the latest are shown", () => {
  const steps = [1, 2, 3].map((n) => step(`s${n}`, n * 1000, 0.1));
  const all = bars([attempt(1, 0, null)], steps, []);
  expect(latest(all, 2).map((one) => one.name)).toEqual(["Attempt 1", "s2", "s3"]);
});
