/** A novel's result and its source, brought together page by page. */

import { list, number, object, objects, text, texts } from "./read";

export type Gap = { first: number; last: number; reason: string };
export type BookPage = { page: number; original: string[]; rewritten: string[]; gap: Gap | null };

/** What could not be used, in the order of its pages. */
export function gapsOf(result: unknown): Gap[] {
  return objects(object(object(result).chunks).failed)
    .map((one) => ({
      first: number(one.first_page) ?? 0,
      last: number(one.last_page) ?? number(one.first_page) ?? 0,
      reason: text(one.reason),
    }))
    .sort((one, other) => one.first - other.first);
}

/** Pages with anything on them, in order. `source` is the reader's result; null while it is unknown. */
export function bookPages(result: unknown, source: unknown): BookPage[] {
  const gaps = gapsOf(result);
  const original = list(object(source).pages).map(texts);
  const rewritten = new Map<number, string[]>();
  let last = original.length;
  for (const one of objects(object(result).sentences)) {
    const page = number(one.page) ?? 1;
    const there = rewritten.get(page);
    if (there) there.push(text(one.text));
    else rewritten.set(page, [text(one.text)]);
    last = Math.max(last, page);
  }
  for (const gap of gaps) last = Math.max(last, gap.last);
  const pages: BookPage[] = [];
  for (let page = 1; page <= last; page++) {
    const gap = gaps.find((one) => one.first <= page && page <= one.last) ?? null;
    const found = {
      page,
      original: original[page - 1] ?? [],
      rewritten: rewritten.get(page) ?? [],
      gap,
    };
    if (gap || found.original.length || found.rewritten.length) pages.push(found);
  }
  return pages;
}
