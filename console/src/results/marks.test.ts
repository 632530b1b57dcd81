import { expect, test } from "vitest";
import { csv } from "./csv";
import { blockAt, blocksOf, isWrapped, type Mark, piecesOf, sentencesIn, unitsOf } from "./marks";

const shown = (text: string, marks: Mark[]) =>
  blocksOf(text).map((block) =>
    piecesOf(text, block, marks)
      .map((piece) => (piece.of === null ? piece.text : `[${piece.of}:${piece.text}]`))
      .join(""),
  );

test("offsets of code points count a character beyond 65,536 once", () => {
  const text = "😀😀 Emma 😀 Léon";
  const [start, end, later] = unitsOf(text, [3, 7, 10]);
  expect(text.slice(start, end)).toBe("Emma");
  expect(text.slice(later)).toBe("Léon");
});

test("offsets come in any order and end with the text", () => {
  expect(unitsOf("😀ab", [2, 0, 99])).toEqual([3, 0, 4]);
  expect(unitsOf("ab", [1, 99])).toEqual([1, 2]);
});

test("a text is cut at its empty lines, its marks with it", () => {
  const text = "Emma came.\n\nShe saw Léon,\nand Emma left.\n";
  const marks = [
    { start: 0, end: 4, of: 0 },
    { start: 20, end: 24, of: 1 },
    { start: 30, end: 34, of: 0 },
  ];
  expect(shown(text, marks)).toEqual(["[0:Emma] came.", "She saw [1:Léon],\nand [0:Emma] left.\n"]);
});

test("a very long paragraph is cut between words and nothing is lost", () => {
  const text = "word ".repeat(5000);
  const blocks = blocksOf(text, 1000);
  expect(blocks.length).toBeGreaterThan(20);
  expect(blocks.map(([start, end]) => text.slice(start, end)).join("")).toBe(text);
  expect(blocks.every(([start]) => text[start] === "w")).toBe(true);
});

test("where two marks overlap the first has the place", () =>
  expect(
    shown("abcdef", [
      { start: 0, end: 4, of: 0 },
      { start: 2, end: 6, of: 1 },
    ]),
  ).toEqual(["[0:abcd][1:ef]"]));

test("a mark that begins in the block before goes on in this one", () =>
  expect(piecesOf("abcdef", [3, 6], [{ start: 1, end: 5, of: 7 }])).toEqual([
    { text: "de", of: 7, start: 3 },
    { text: "f", of: null, start: 5 },
  ]));

test("the block of a place is found", () =>
  expect(
    blockAt(
      [
        [0, 5],
        [7, 9],
      ],
      8,
    ),
  ).toBe(1));

test("a summary's sentences are found in a text that is wrapped otherwise", () => {
  const text = "The sea rose. By morning\n  the harbour had gone!  They watched.";
  const marks = sentencesIn(text, "The sea rose. They watched.");
  expect(marks.map(({ start, end }) => text.slice(start, end))).toEqual([
    "The sea rose.",
    "They watched.",
  ]);
  const [wrapped] = sentencesIn(text, "By morning the harbour had gone!");
  expect(text.slice(wrapped?.start, wrapped?.end)).toBe("By morning\n  the harbour had gone!");
});

test("what follows at once is one sentence: an abbreviation ends none", () => {
  const text = "He came. She let M. Bovary in.";
  const [only] = sentencesIn(text, "She let M. Bovary in.");
  expect(text.slice(only?.start, only?.end)).toBe("She let M. Bovary in.");
});

test("lines of a file's width flow, a poem's stay", () => {
  const line = "a line that is about as long as those of a hard-wrapped file";
  expect(isWrapped(`${line}\n${line}\nits end.`)).toBe(true);
  expect(isWrapped("roses\nare red")).toBe(false);
  expect(isWrapped("one line")).toBe(false);
});

test("a sentence that is not the text's own is not marked", () =>
  expect(sentencesIn("The sea rose.", "A flood came.")).toEqual([]));

test("CSV quotes what needs it and disarms formulas", () =>
  expect(
    csv(
      ["a", "b"],
      [
        ['say "no"', 1],
        ["=1+1", null],
        [-1, "x,y"],
      ],
    ),
  ).toBe('a,b\r\n"say ""no""",1\r\n\'=1+1,\r\n-1,"x,y"\r\n'));
