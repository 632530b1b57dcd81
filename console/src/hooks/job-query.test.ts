import { describe, expect, test } from "vitest";
import { has, isRelative, read, toggled, tokens, written } from "./job-query";

const NOW = Date.parse("2026-11-27T12:00:00Z");
const filters = (text: string) => read(text, NOW).filters;

describe("a query", () => {
  test("names filters of the API, repeated ones gathered", () =>
    expect(filters("state:failed state:running type:echo tag:a queue:io")).toEqual({
      state: ["failed", "running"],
      type: ["echo"],
      tag: ["a"],
      queue: ["io"],
    }));

  test("looks for words without a name in the error", () =>
    expect(filters('503 state:failed "no text"')).toEqual({
      state: ["failed"],
      text: "503 no text",
    }));

  test("takes a name that nobody has for a word", () =>
    expect(filters("http://example.org/a")).toEqual({ text: "http://example.org/a" }));

  test("says what it cannot read, and filters by the rest", () => {
    const { filters, faults } = read("state:broken created:soon type:echo", NOW);
    expect(filters).toEqual({ type: ["echo"] });
    expect(faults).toHaveLength(2);
  });

  test("survives a quote that is still open", () =>
    expect(filters('text:"no te')).toEqual({ text: "no te" }));
});

describe("a span", () => {
  test.each([
    ["created:>2h", { created_before: "2026-11-27T10:00:00.000Z" }],
    ["created:<2h", { created_after: "2026-11-27T10:00:00.000Z" }],
    ["finished:30min", { finished_after: "2026-11-27T11:30:00.000Z" }],
    ["started:>2026-11-01T08:00:00Z", { started_after: "2026-11-01T08:00:00.000Z" }],
    ["started:<2026-11-01T08:00:00Z", { started_before: "2026-11-01T08:00:00.000Z" }],
  ])("%s", (text, expected) => expect(filters(text)).toEqual(expected));

  test("from two sides is a window", () =>
    expect(Object.keys(filters("created:<2d created:>1d"))).toEqual([
      "created_after",
      "created_before",
    ]));

  test("that is an age moves with the clock", () => {
    expect(isRelative("state:failed created:<2h")).toBe(true);
    expect(isRelative("created:>2026-11-01")).toBe(false);
  });
});

describe("a word", () => {
  test("is added and taken out without touching the others", () => {
    const text = 'type:echo  text:"a b"';
    const added = toggled(text, "state", "failed");
    expect(added).toBe('type:echo text:"a b" state:failed');
    expect(has(added, "state", "failed")).toBe(true);
    expect(toggled(added, "state", "failed")).toBe('type:echo text:"a b"');
  });

  test.each(["plain", "two words", 'a "quote"', "back\\slash and"])(
    "%s is read as written",
    (value) => expect(tokens(written("tag", value))[0]).toMatchObject({ key: "tag", value }),
  );
});
