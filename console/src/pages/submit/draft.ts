/** An input in the making, as a value and as the JSON that it is written in: change one, the other follows.
 *
 * Text that can't be read leaves the value as it was, and `fault` says where it stops being JSON.
 */

import type { Json } from "./schema";

export type Draft = { value: Json; text: string; fault: string | null };
export type Change = { value: Json } | { text: string };

export const draftOf = (value: Json): Draft => ({ value, text: write(value), fault: null });

export function revise(draft: Draft, change: Change): Draft {
  if ("value" in change) return draftOf(change.value);
  try {
    return { value: JSON.parse(change.text), text: change.text, fault: null };
  } catch (error) {
    return { ...draft, text: change.text, fault: faultOf(change.text, error) };
  }
}

const write = (value: Json) => JSON.stringify(value, null, 2);

/** Browsers say where in three ways; what they share is a position, or nothing. */
function faultOf(text: string, error: unknown): string {
  if (!text.trim()) return "Nothing is written here; an input without fields is {}.";
  const said = String((error as Error).message).replace(/^JSON\.parse: /, "");
  const at = /position (\d+)/.exec(said)?.[1];
  const line = /line (\d+)/.exec(said)?.[1];
  const where = line ?? (at && text.slice(0, Number(at)).split("\n").length);
  const what = said.split(/ (?:in JSON )?at (?:position|line)| \(line|, "/)[0];
  return `No JSON yet${where ? `, line ${where}` : ""}: ${what}.`;
}
