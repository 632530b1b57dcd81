import { expect, test } from "vitest";
import { compact, parsed } from "./settings";

test("what is not set is left out, and an amount alone is a number", () =>
  expect(
    compact({
      requests_per_minute: { amount: 20, strategy: null, burst: null },
      tokens_per_minute: { amount: 5, strategy: "bucket", burst: 9 },
      requests_per_day: null,
      concurrency: 3,
      local_share: 0,
      models: {},
      per_tenant: { concurrency: null },
    }),
  ).toEqual({
    requests_per_minute: 20,
    tokens_per_minute: { amount: 5, strategy: "bucket", burst: 9 },
    concurrency: 3,
    local_share: 0,
  }));

test("only an object can be put", () => {
  expect(parsed('{"concurrency": 2}')).toEqual({ body: { concurrency: 2 } });
  expect(parsed("[]").fault).toContain("object");
  expect(parsed("{").fault).toBeTruthy();
});
