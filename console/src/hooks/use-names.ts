/** The names that a query may use; asked for when somebody begins to type. */

import { useQuery } from "@tanstack/react-query";
import { QUEUES } from "./use-queues";
import { TYPES } from "./use-types";

const names = (all: { name: string }[]) => all.map((one) => one.name);
const AGAIN_AFTER_MS = 60_000;

export const useTypeNames = (enabled = true) => useQuery({ ...TYPES, enabled, select: names });

export const useQueueNames = (enabled = true) =>
  useQuery({ ...QUEUES, enabled, staleTime: AGAIN_AFTER_MS, select: names });
