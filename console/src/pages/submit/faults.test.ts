import { expect, test } from "vitest";
import { ProblemError } from "@/api/problem";
import { escaped, faultsAt, faultsOf } from "./faults";

const FAULTS = [
  { where: "/input/parts/0/name", message: "is required" },
  { where: "/input/parts", message: "has too many" },
  { where: "/input/partsize", message: "is too large" },
];

test("a field has the faults of its own place", () =>
  expect(faultsAt(FAULTS, "/input/parts")).toEqual(["has too many"]));

test("a field that shows all of itself has those inside it, too", () =>
  expect(faultsAt(FAULTS, "/input/parts", true)).toEqual(["0/name is required", "has too many"]));

test("names are written as JSON pointers have them", () =>
  expect(escaped("a/b~c")).toBe("a~1b~0c"));

const refused = (body: unknown, ...faults: [pointer: string, message: string][]) =>
  faultsOf(
    new ProblemError(
      { errors: faults.map(([pointer, message]) => ({ pointer, message })) } as never,
      422,
    ),
    body,
  );

test("the shape that was meant says what does not fit it", () =>
  expect(
    refused(
      { input: { model: [] } },
      ["/input/model/constrained-str", "should be a string"],
      ["/input/model/list[constrained-str]", "should have 1 item"],
    ),
  ).toEqual([{ where: "/input/model", message: "should have 1 item" }]));

test("what lies in a value of several shapes keeps its place", () =>
  expect(
    refused(
      { input: { model: [7] } },
      ["/input/model/constrained-str", "should be text"],
      ["/input/model/list[constrained-str]/0", "should be text"],
    ),
  ).toEqual([{ where: "/input/model/0", message: "should be text" }]));

test("what an object lacks is told where it would stand", () =>
  expect(
    refused(
      { input: { part: {} } },
      ["/input/part/name", "is required"],
      ["/input/file", "is required"],
    ),
  ).toEqual([
    { where: "/input/part/name", message: "is required" },
    { where: "/input/file", message: "is required" },
  ]));
