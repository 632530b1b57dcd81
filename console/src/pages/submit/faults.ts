/** Which of the API's faults belong to which field. They come as JSON pointers into the body. */

import type { ProblemError } from "@/api/problem";

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

/** A problem's faults, when it is one about the body. */
export const faultsOf = (problem: ProblemError | null): Fault[] =>
  problem?.status === 422 ? problem.faults : [];

/** A part of a pointer. */
export const escaped = (name: string | number) =>
  String(name).replaceAll("~", "~0").replaceAll("/", "~1");
