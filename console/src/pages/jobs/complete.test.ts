import { expect, test } from "vitest";
import { accepted, suggest } from "./complete";

const NAMES = { type: ["rewrite_novel", "echo"], queue: ["io", "cpu"] };
const texts = (text: string) => suggest(text, text.length, NAMES).map((one) => one.text);

test("names come first, then their values", () => {
  expect(texts("st")).toEqual(["state:", "started:"]);
  expect(texts("state:fai")).toEqual(["state:failed"]);
  expect(texts("state:failed type:nov")).toEqual(["type:rewrite_novel"]);
  expect(texts("created:")).toContain("created:<1h");
});

test("a whole value offers nothing more", () => expect(texts("queue:io")).toEqual([]));

test("what is accepted replaces the word at the caret alone", () => {
  const text = "state:fa tag:x";
  expect(accepted(text, 8, { text: "state:failed", hint: "" })).toEqual({
    text: "state:failed tag:x",
    caret: 13,
  });
});
