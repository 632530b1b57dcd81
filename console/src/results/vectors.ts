/** What can be said of vectors without a model. */

export const norm = (vector: number[]) =>
  Math.sqrt(vector.reduce((sum, one) => sum + one * one, 0));

/** Cosine of the angle between two vectors; 0 where one of them is all zeros. */
export function likeness(one: number[], other: number[]): number {
  let product = 0;
  const length = Math.min(one.length, other.length);
  for (let place = 0; place < length; place++)
    product += (one[place] as number) * (other[place] as number);
  const size = norm(one) * norm(other);
  return size ? product / size : 0;
}

/** The vector that is most like that at `place`; null where it is alone. */
export function nearest(
  vectors: number[][],
  place: number,
): { place: number; like: number } | null {
  let best: { place: number; like: number } | null = null;
  for (let other = 0; other < vectors.length; other++) {
    if (other === place) continue;
    const like = likeness(vectors[place] as number[], vectors[other] as number[]);
    if (!best || like > best.like) best = { place: other, like };
  }
  return best;
}
