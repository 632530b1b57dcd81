import { expect, test } from "vitest";
import { likeness, nearest, norm } from "./vectors";

test("a norm is a length", () => expect(norm([3, 4])).toBe(5));

test("likeness is of direction, not of length", () => {
  expect(likeness([1, 0], [9, 0])).toBe(1);
  expect(likeness([1, 0], [0, 2])).toBe(0);
  expect(likeness([0, 0], [1, 1])).toBe(0);
});

test("the nearest is another one", () => {
  expect(
    nearest(
      [
        [1, 0],
        [0, 1],
        [0.1, 1],
      ],
      1,
    )?.place,
  ).toBe(2);
  expect(nearest([[1, 0]], 0)).toBeNull();
});
