/** Every refusal of the API, and the API's silence, as one kind of error. */

import type { components } from "./schema";

type Problem = components["schemas"]["Problem"];

/** What the API refused, in its words: `title` names it, `detail` says why and how to mend it. */
export class ProblemError extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  /** Faults of single fields; `where` is a JSON pointer, or the name of a parameter. */
  readonly faults: { where: string; message: string }[];
  readonly requestId: string | null;
  readonly members: Record<string, unknown>;

  constructor(document: Partial<Problem> & Record<string, unknown>, status: number) {
    super(String(document.detail ?? document.title ?? `The API answered ${status}.`));
    this.name = "ProblemError";
    this.status = status;
    this.code = String(document.code ?? `http_${status}`);
    this.title = String(document.title ?? `Answered with ${status}`);
    this.requestId = (document.request_id as string | undefined) ?? null;
    const errors = (document.errors ?? []) as Record<string, string>[];
    this.faults = errors.map((one) => ({
      where: one.pointer ?? one.parameter ?? one.header ?? "",
      message: one.message ?? "",
    }));
    this.members = document;
  }

  /** No answer came. The shell says so above every page, and each asks again by itself. */
  get away(): boolean {
    return this.status === 0;
  }
}

/** Whether `error` is that: what was read before is still worth showing then. */
export const isAway = (error: unknown) => error instanceof ProblemError && error.away;

/** No answer came: the network, a proxy, or a process that is gone. */
export function silence(): ProblemError {
  return new ProblemError(
    {
      code: "away",
      title: "The API does not answer",
      detail: "This page asks again by itself and goes on when it is back.",
    },
    0,
  );
}

/** The problem that an answer carries; also of answers that are not the API's own. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const text = await response.text().catch(() => "");
  try {
    return new ProblemError(JSON.parse(text), response.status);
  } catch {
    return new ProblemError({ title: response.statusText || "Refused" }, response.status);
  }
}
