// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { standingOf } from "./use-keys";

const NOW = Date.parse("2026-06-01T00:00:00Z");

test("a key counts until it is revoked or its time is over", () => {
  const key = { revoked_at: null, expires_at: null };
  expect(standingOf(key, NOW)).toBe("active");
  expect(standingOf({ ...key, expires_at: "2026-06-01T00:00:01Z" }, NOW)).toBe("active");
  expect(standingOf({ ...key, expires_at: "2026-06-01T00:00:00Z" }, NOW)).toBe("expired");
  expect(
    standingOf({ expires_at: "2026-01-01T00:00:00Z", revoked_at: "2025-12-01T00:00:00Z" }, NOW),
  ).toBe("revoked");
});
