/** Jobs that come again. */

import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import { live, queries } from "./query";

export type Schedule = Schema["ScheduleDocument"];
export type NewSchedule = Schema["ScheduleBody"];

export function useSchedules() {
  return useQuery({
    queryKey: ["schedules"],
    queryFn: async ({ signal }) => (await data(client.GET("/api/v1/schedules", { signal }))).data,
    ...live(5000),
  });
}

/** The next moments of an expression that is being typed. */
export function usePreview(cron: string, timezone: string) {
  return useQuery({
    queryKey: ["schedules", "preview", cron, timezone],
    enabled: cron.trim() !== "",
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      data(
        client.GET("/api/v1/schedules/preview", { params: { query: { cron, timezone } }, signal }),
      ),
  });
}

const lookAgain = () => queries.invalidateQueries({ queryKey: ["schedules"], exact: true });
const at = (id: string) => ({ params: { path: { schedule_id: id } } });

export const makeSchedule = (body: NewSchedule) =>
  data(client.POST("/api/v1/schedules", { body })).finally(lookAgain);

export const deleteSchedule = (id: string) =>
  client.DELETE("/api/v1/schedules/{schedule_id}", at(id)).finally(lookAgain);

/** Makes one job now; its document comes back. */
export const runSchedule = (id: string) =>
  data(client.POST("/api/v1/schedules/{schedule_id}/run", at(id))).finally(lookAgain);

export function useSwitchSchedule() {
  return useMutation({
    mutationFn: ({ id, paused_at }: Schedule) =>
      paused_at
        ? client.POST("/api/v1/schedules/{schedule_id}/resume", at(id))
        : client.POST("/api/v1/schedules/{schedule_id}/pause", at(id)),
    onSettled: lookAgain,
  });
}
