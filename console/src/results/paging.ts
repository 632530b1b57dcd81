/** Pages of several files counted through, as a job counts them. */

export type Counted = { id: string; pages: number | null };

/** The file that holds page `number` (from 1), and which of its pages that is. */
export function placeOf(files: Counted[], number: number): { file: string; page: number } | null {
  let before = 0;
  for (const { id, pages } of files) {
    const own = pages ?? 1;
    if (number <= before + own) return { file: id, page: number - before };
    before += own;
  }
  return null;
}

/** `3`, `3–5`, `3–5, 9`. */
export function ranges(pages: number[]): string {
  const parts: [number, number][] = [];
  for (const page of [...new Set(pages)].sort((one, other) => one - other)) {
    const last = parts.at(-1);
    if (last && page === last[1] + 1) last[1] = page;
    else parts.push([page, page]);
  }
  return parts.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}
