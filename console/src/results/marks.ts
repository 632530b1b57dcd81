/** Places in a text: from code points to JavaScript's, into paragraphs, and which of them are where. */

/** `[start, end)` in UTF-16 units; `of` says what is marked. */
export type Mark = { start: number; end: number; of: number };
export type Piece = { text: string; of: number | null; start: number };

/** Offsets in code points as offsets in UTF-16 units, in their order; past the end is the end. */
export function unitsOf(text: string, points: number[]): number[] {
  // Most texts have no character beyond the first 65,536: nothing to count.
  if (!/[\ud800-\udfff]/.test(text)) return points.map((one) => clamp(one, text.length));
  const order = points.map((_, place) => place).sort((a, b) => at(points, a) - at(points, b));
  const found = new Array<number>(points.length);
  let unit = 0;
  let point = 0;
  for (const place of order) {
    while (point < at(points, place) && unit < text.length) {
      unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
      point += 1;
    }
    found[place] = unit;
  }
  return found;
}

const at = (points: number[], place: number) => points[place] ?? 0;
const clamp = (value: number, high: number) => Math.max(0, Math.min(value, high));

/** A text in blocks to be drawn one by one: paragraphs, and the lines of very long ones. */
export function blocksOf(text: string, most = 3000): [start: number, end: number][] {
  const blocks: [number, number][] = [];
  const breaks = /\n[^\S\n]*\n\s*/g;
  let start = 0;
  const take = (end: number) => {
    while (end - start > most) {
      const near = Math.max(
        text.lastIndexOf("\n", start + most),
        text.lastIndexOf(" ", start + most),
      );
      const cut = near > start ? near + 1 : start + most;
      blocks.push([start, cut]);
      start = cut;
    }
    if (end > start) blocks.push([start, end]);
    start = end;
  };
  for (const found of text.matchAll(breaks)) {
    if (text.slice(start, found.index).trim()) take(found.index);
    start = found.index + found[0].length;
  }
  if (text.slice(start).trim()) take(text.length);
  return blocks;
}

/** Whether lines end where a file's width ends, not where the text says so. */
export function isWrapped(block: string): boolean {
  const lines = block.trimEnd().split("\n");
  return (
    lines.length > 1 && lines.slice(0, -1).every((line) => line.length >= 50 && line.length < 110)
  );
}

/** A block cut at its marks, which are sorted by `start`. Where two overlap, the first has the place. */
export function piecesOf(text: string, [start, end]: [number, number], marks: Mark[]): Piece[] {
  const pieces: Piece[] = [];
  let here = start;
  const push = (to: number, of: number | null) => {
    if (to > here) pieces.push({ text: text.slice(here, to), of, start: here });
    here = Math.max(here, to);
  };
  for (let place = firstAfter(marks, start); place < marks.length; place++) {
    const mark = marks[place] as Mark;
    if (mark.start >= end) break;
    if (mark.end <= here) continue;
    push(Math.max(here, mark.start), null);
    push(Math.min(mark.end, end), mark.of);
  }
  push(end, null);
  return pieces;
}

/** The first mark that may reach past `start`. Marks are short: a few before it suffice. */
function firstAfter(marks: Mark[], start: number): number {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marks[middle] as Mark).end > start) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The block that holds a place. */
export function blockAt(blocks: [number, number][], place: number): number {
  const found = blocks.findIndex(([, end]) => place < end);
  return found < 0 ? blocks.length - 1 : found;
}

/** Where the sentences of `summary` stand in `text`, however either is wrapped. */
export function sentencesIn(text: string, summary: string): Mark[] {
  const { flat, places } = flatten(text);
  const marks: Mark[] = [];
  let from = 0;
  for (const sentence of summary.split(/(?<=[.!?…][»”"')]*)\s+/)) {
    const wanted = flatten(sentence).flat.trim();
    if (wanted.length < 3) continue;
    let found = flat.indexOf(wanted, from);
    if (found < 0) found = flat.indexOf(wanted);
    if (found < 0) continue;
    from = found + wanted.length;
    const [start, end] = [places[found] ?? 0, (places[from - 1] ?? text.length - 1) + 1];
    const last = marks.at(-1);
    // What follows at once belongs to it: "M. Bovary" is no end of a sentence.
    if (last && start >= last.end && !text.slice(last.end, start).trim()) last.end = end;
    else marks.push({ start, end, of: marks.length });
  }
  return marks.sort((one, other) => one.start - other.start);
}

/** A text with every run of white space as one blank, and where each of its characters stood. */
function flatten(text: string): { flat: string; places: number[] } {
  const places: number[] = [];
  let flat = "";
  for (const word of text.matchAll(/\S+/g)) {
    if (flat) {
      places.push(word.index - 1);
      flat += " ";
    }
    for (let offset = 0; offset < word[0].length; offset++) places.push(word.index + offset);
    flat += word[0];
  }
  return { flat, places };
}
