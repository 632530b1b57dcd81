import { expect, test } from "vitest";
import type { Worker } from "@/hooks/use-workers";
import { bytes, totals } from "./figures";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.5 KiB"],
  [198_197_248, "189 MiB"],
  [1.5 * 1024 ** 3, "1.5 GiB"],
])("%d bytes are %s", (count, words) => expect(bytes(count)).toBe(words));

test("a size that nobody knows is no zero", () => expect(bytes(null)).toBe("–"));

test("workers are counted together, those that leave apart", () => {
  const one = { state: "live", in_flight: 3, slots: 10, rss_bytes: 5, version: "2" } as Worker;
  const other = { ...one, state: "draining", rss_bytes: null, version: "1" } as Worker;
  expect(totals([one, one, other])).toEqual({
    live: 2,
    draining: 1,
    busy: 9,
    slots: 30,
    memory: 10,
    versions: ["1", "2"],
  });
});
