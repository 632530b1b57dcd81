/** Failed jobs that wait for a decision, and the causes that they share. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import type { paths } from "@/api/schema";
import { written } from "./job-query";
import { live } from "./query";
import { lookAgain } from "./use-jobs";

export type Group = Schema["GroupDocument"];
export type DeadLetterFilters = NonNullable<
  paths["/api/v1/dead-letters/groups"]["get"]["parameters"]["query"]
>;

const LOOK_AGAIN_MS = 5_000;
export const LETTERS_A_PAGE = 50;

/** Pages after the first stand still while they are read. */
export function useGroups(query: DeadLetterFilters) {
  return useQuery({
    queryKey: ["dead-letters", "groups", query],
    queryFn: ({ signal }) =>
      data(client.GET("/api/v1/dead-letters/groups", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    ...live(query.cursor ? 0 : LOOK_AGAIN_MS),
  });
}

export function useDeadLetters(query: DeadLetterFilters) {
  return useQuery({
    queryKey: ["dead-letters", "jobs", query],
    queryFn: ({ signal }) =>
      data(client.GET("/api/v1/dead-letters", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    ...live(query.cursor ? 0 : LOOK_AGAIN_MS),
  });
}

export type Decision = "redrive" | "discard";

const PATHS = {
  redrive: "/api/v1/dead-letters/{job_id}/redrive",
  discard: "/api/v1/dead-letters/{job_id}/discard",
} as const;

/** Decide on some, one after another; one that can't be changed keeps none of the others waiting. */
export async function decide(decision: Decision, jobIds: string[], onDone?: () => void) {
  const refused: string[] = [];
  for (const job_id of jobIds) {
    await client
      .POST(PATHS[decision], { params: { path: { job_id } } })
      .catch((error: Error) => refused.push(error.message));
    onDone?.();
  }
  lookAgain();
  if (refused.length === 1 && jobIds.length === 1) throw new Error(refused[0]);
  if (refused.length)
    throw new Error(`${refused.length} of ${jobIds.length} stay as they were: ${refused[0]}`);
}

/** The dead letters that fit, as the query of a list of jobs and of bulk operations. */
export function asJobQuery({ fingerprint, type, text }: DeadLetterFilters): string {
  return [
    "state:failed",
    fingerprint && written("fingerprint", fingerprint),
    ...[type ?? []].flat().map((one) => written("type", one)),
    text && written("text", text),
  ]
    .filter(Boolean)
    .join(" ");
}
