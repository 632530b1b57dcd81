/** Which of the API's faults belong to which field. They come as JSON pointers into the body. */

import type { ProblemError } from "@/api/problem";
import type { Json } from "./schema";

export type Fault = { where: string; message: string };

/** The faults at `pointer`; with `inside` those of anything in it, too. */
export function faultsAt(faults: Fault[], pointer: string, inside = false): string[] {
  return faults
    .filter(
      ({ where }) =>
        where === pointer || (inside && where.startsWith(pointer ? `${pointer}/` : "")),
    )
    .map(({ where, message }) =>
      where === pointer ? message : `${where.slice(pointer.length + 1)} ${message}`,
    );
}

/** A problem's faults as places in the `body` that it is about; none when it is about something else. */
export function faultsOf(problem: ProblemError | null, body: unknown): Fault[] {
  if (problem?.status !== 422) return [];
  const found = problem.faults.map((fault) => ({ ...fault, ...placed(fault.where, body as Json) }));
  // A value of several shapes is refused by each of them; the shape that was meant says it best.
  const meant = found.filter((one) => one.meant).map((one) => one.where);
  const within = (where: string) => meant.some((one) => `${one}/`.startsWith(`${where}/`));
  return found
    .filter((one) => !one.tag || one.meant || !within(one.where))
    .map(({ where, message }) => ({ where, message }));
}

/** The API names the shape that refused a value as a step of the pointer; no such step is in the body. */
function placed(pointer: string, body: Json): { where: string; tag: string; meant: boolean } {
  const steps = pointer.split("/").slice(1);
  let [where, tag, meant] = ["", "", false];
  let value: Json | undefined = body;
  steps.forEach((step, number) => {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    const last = number === steps.length - 1;
    if (value !== undefined && !leads(value, name, last)) {
      tag = name;
      meant = means(name, value);
      return;
    }
    where += `/${step}`;
    value = (value as Record<string, Json> | undefined)?.[name];
  });
  return { where, tag, meant };
}

/** Whether a step can be of this value. The last one may be what an object lacks. */
function leads(value: Json, step: string, last: boolean): boolean {
  if (Array.isArray(value)) return /^\d+$/.test(step);
  return value !== null && typeof value === "object" && (last || step in value);
}

function means(tag: string, value: Json): boolean {
  if (Array.isArray(value)) return /^(list|tuple|set)/.test(tag);
  const kinds = { string: /str|url|date|uuid/, number: /int|float|decimal/, boolean: /bool/ };
  return kinds[typeof value as keyof typeof kinds]?.test(tag) ?? typeof value === "object";
}

/** A part of a pointer. */
export const escaped = (name: string | number) =>
  String(name).replaceAll("~", "~0").replaceAll("/", "~1");
