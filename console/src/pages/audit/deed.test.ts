import { expect, test } from "vitest";
import { deedOf, placeOf } from "./deed";

test("what was done is told in words, and what has none as the API has it", () => {
  expect(deedOf("POST /api/v1/jobs/{job_id}/cancel")).toBe("cancelled a job");
  expect(deedOf("POST /api/v1/moons/{moon_id}")).toBe("POST /moons/{moon_id}");
});

test("a job, a dead letter and a bulk operation lead to the job's page", () => {
  for (const list of ["jobs", "dead-letters", "bulk"])
    expect(placeOf({ target: `/api/v1/${list}/01a2/cancel` })?.jobId).toBe("01a2");
  expect(placeOf({ target: "/api/v1/jobs" })).toBeNull();
  expect(placeOf({ target: "/api/v1/jobs/batch" })).toBeNull();
  expect(placeOf({ target: "/api/v1/bulk/preview" })).toBeNull();
});

test("other things lead to their page, under their name", () => {
  expect(placeOf({ target: "/api/v1/queues/a%20b/pause" })).toEqual({
    label: "a b",
    to: "/queues",
  });
  expect(placeOf({ target: "/api/v1/webhooks/01a2/test" })?.search).toEqual({ webhook: "01a2" });
  expect(placeOf({ target: "/api/v1/credits/grants" })?.label).toBe("credits");
  expect(placeOf({ target: "/api/v1/files" })).toBeNull();
});
