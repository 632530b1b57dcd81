import { expect, test } from "vitest";
import { beside, faultIn, type Row, read, written } from "./rows";

const SETTINGS = {
  requests_per_minute: 20,
  tokens_per_minute: { amount: 5, strategy: "bucket", burst: 9 },
  concurrency: 3,
  strategy: "fixed",
  timezone: "Europe/Rome",
  slack_s: 0.5,
  local_share: 0,
  per_tenant: { requests_per_day: 100 },
  tenants: { acme: { requests_per_day: 500, weight: 2 }, ebb: { weight: 3 } },
  models: { "gpt-4o": { concurrency: 2 } },
};
const row = (more: Partial<Row>): Row => ({
  ...{ id: 0, whom: "pool", name: "", measure: "concurrency", amount: 1, more: {} },
  ...more,
});

test("what is read and written again is as it was", () => {
  const { rows, rest } = read(SETTINGS);
  expect(rows).toHaveLength(6);
  expect(written(rows, rest)).toEqual(SETTINGS);
});

test("a row says whose limit it is, and keeps what is set of it alone", () =>
  expect(read(SETTINGS).rows).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ whom: "tenants", name: "acme", amount: 500 }),
      expect.objectContaining({
        measure: "tokens_per_minute",
        amount: 5,
        more: { strategy: "bucket", burst: 9 },
      }),
    ]),
  ));

test("a row that is taken away is set no more, and what no row shows stays", () => {
  const { rows, rest } = read(SETTINGS);
  const left = rows.filter((one) => one.name !== "acme");
  expect(written(left, rest).tenants).toEqual({ acme: { weight: 2 }, ebb: { weight: 3 } });
  expect(beside(rest, ["strategy", "timezone"])).toEqual(["slack_s", "tenants"]);
});

test("rows say what they lack", () => {
  expect(faultIn([row({ amount: "" })])).toContain("number");
  expect(faultIn([row({ whom: "tenants" })])).toContain("whose");
  expect(faultIn([row({}), row({ id: 1 })])).toContain("twice");
  expect(faultIn([row({}), row({ id: 1, whom: "per_tenant" })])).toBeUndefined();
});
