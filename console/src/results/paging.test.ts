import { expect, test } from "vitest";
import { placeOf, ranges } from "./paging";

const FILES = [
  { id: "a", pages: 2 },
  { id: "b", pages: null },
  { id: "c", pages: 3 },
];

test.each([
  [1, { file: "a", page: 1 }],
  [3, { file: "b", page: 1 }],
  [4, { file: "c", page: 1 }],
  [6, { file: "c", page: 3 }],
  [7, null],
])("page %d of three files is %o", (number, place) =>
  expect(placeOf(FILES, number)).toEqual(place),
);

test("pages that follow each other are one range", () =>
  expect(ranges([9, 3, 4, 5, 4])).toBe("3–5, 9"));
