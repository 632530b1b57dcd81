import { expect, test } from "vitest";
import { inWords, inZone } from "./words";

test.each([
  ["* * * * *", "every minute"],
  ["*/5 * * * *", "every 5 minutes"],
  ["5 * * * *", "every hour at :05"],
  ["0 */6 * * *", "every 6 hours"],
  ["30 6 * * 1-5", "at 06:30, Monday to Friday"],
  ["0 8 * * 7", "at 08:00, on Sundays"],
  ["0 4 1 * *", "at 04:00, on day 1 of the month"],
])("%s is %s", (cron, words) => expect(inWords(cron)).toBe(words));

test.each(["*/7 * * * *", "0 0 1 * 1", "0 0 * 2 *", "1,2 3 * * *", "0 0 * *"])(
  "%s is left to its next runs, rather than told wrongly",
  (cron) => expect(inWords(cron)).toBeNull(),
);

test("a moment is told by the clocks of the schedule's zone", () => {
  expect(inZone("2026-03-29T00:30:00Z", "Europe/Rome")).toContain("01:30");
  expect(inZone("2026-03-29T01:30:00Z", "Europe/Rome")).toContain("03:30");
});
