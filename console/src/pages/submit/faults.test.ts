// @vitest-environment node

import { expect, test } from "vitest";
import { escaped, faultsAt } from "./faults";

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
