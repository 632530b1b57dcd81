import { expect, test } from "vitest";
import { bookPages, gapsOf } from "./book";
import { pagesOf } from "./paper";

const RESULT = {
  sentences: [
    { page: 1, text: "We were at work." },
    { page: 1, text: "The head came in." },
    { page: 4, text: "He was new." },
  ],
  chunks: {
    total: 3,
    processed: 2,
    failed: [{ first_page: 2, last_page: 3, reason: "No answer." }],
  },
};

test("each page has its original sentences beside the rewritten ones", () => {
  const pages = bookPages(RESULT, {
    pages: [["We were at work when the head came in."], ["x"], [], ["y"]],
  });
  expect(
    pages.map(({ page, original, rewritten }) => [page, original.length, rewritten.length]),
  ).toEqual([
    [1, 1, 2],
    [2, 1, 0],
    [3, 0, 0],
    [4, 1, 1],
  ]);
  expect(pages[1]?.gap?.reason).toBe("No answer.");
});

test("without its source a novel is shown all the same", () =>
  expect(bookPages(RESULT, null).map((one) => one.page)).toEqual([1, 2, 3, 4]));

test("a result of another shape is an empty one", () => {
  expect(bookPages("nonsense", 7)).toEqual([]);
  expect(gapsOf(null)).toEqual([]);
  expect(
    pagesOf({ pages: [{ articles: [{ title: 7, boxes: null }] }] })[0]?.articles[0],
  ).toMatchObject({
    title: "",
    boxes: [],
  });
});
