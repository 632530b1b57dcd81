/** Endpoints that are told of jobs, and what each was told. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client, data, type Schema } from "@/api/client";
import type { paths } from "@/api/schema";
import { live, queries } from "./query";

export type Webhook = Schema["WebhookDocument"];
export type Delivery = Schema["DeliveryDocument"];
export type DeliveryFilters = NonNullable<
  paths["/api/v1/webhooks/{webhook_id}/deliveries"]["get"]["parameters"]["query"]
>;

export const EVENTS: { value: Webhook["events"][number]; means: string }[] = [
  { value: "job.succeeded", means: "It has a result." },
  { value: "job.failed", means: "It failed for good." },
  { value: "job.cancelled", means: "Somebody stopped it." },
  { value: "job.retrying", means: "An attempt failed; another follows." },
  { value: "webhook.disabled", means: "One of your webhooks is sent nothing more." },
];

const LOOK_AGAIN_MS = 5_000;

const of = (webhook_id: string) => ({ params: { path: { webhook_id } } });
const lookAgain = () => queries.invalidateQueries({ queryKey: ["webhooks"] });

export function useWebhooks() {
  return useQuery({
    queryKey: ["webhooks"],
    queryFn: async ({ signal }) => (await data(client.GET("/api/v1/webhooks", { signal }))).data,
    ...live(LOOK_AGAIN_MS),
  });
}

export function useWebhook(id: string) {
  return useQuery({
    queryKey: ["webhooks", id],
    queryFn: ({ signal }) =>
      data(client.GET("/api/v1/webhooks/{webhook_id}", { ...of(id), signal })),
    ...live(LOOK_AGAIN_MS),
  });
}

export function useDeliveries(webhook_id: string, query: DeliveryFilters) {
  return useQuery({
    queryKey: ["webhooks", webhook_id, "deliveries", query],
    queryFn: ({ signal }) =>
      data(
        client.GET("/api/v1/webhooks/{webhook_id}/deliveries", {
          params: { path: { webhook_id }, query },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    ...live(query.cursor ? 0 : LOOK_AGAIN_MS),
  });
}

export const makeWebhook = (body: Schema["WebhookBody"]) =>
  data(client.POST("/api/v1/webhooks", { body })).finally(lookAgain);

export const changeWebhook = (id: string, body: Partial<Schema["WebhookChange"]>) =>
  data(
    client.PATCH("/api/v1/webhooks/{webhook_id}", {
      ...of(id),
      body: body as Schema["WebhookChange"],
    }),
  ).finally(lookAgain);

export const deleteWebhook = (id: string) =>
  client.DELETE("/api/v1/webhooks/{webhook_id}", of(id)).finally(lookAgain);

export const rotateSecret = (id: string, overlap_s: number) =>
  data(
    client.POST("/api/v1/webhooks/{webhook_id}/rotate", { ...of(id), body: { overlap_s } }),
  ).finally(lookAgain);

export const testWebhook = (id: string) =>
  data(client.POST("/api/v1/webhooks/{webhook_id}/test", of(id))).finally(lookAgain);

export const resend = (webhook_id: string, delivery_id: string) =>
  data(
    client.POST("/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", {
      params: { path: { webhook_id, delivery_id } },
    }),
  ).finally(lookAgain);

/** Send all again that failed of what happened since that moment. */
export const resendFailed = (id: string, since: Date) =>
  data(
    client.POST("/api/v1/webhooks/{webhook_id}/replay", {
      ...of(id),
      body: { since: since.toISOString(), state: "failed" },
    }),
  ).finally(lookAgain);

export type Standing = { like: "succeeded" | "failed" | "waiting" | "cancelled"; word: string };

/** Whether it is sent to, and how that goes. */
export function standingOf(
  webhook: Pick<Webhook, "enabled" | "disabled_by" | "failures">,
): Standing {
  if (webhook.enabled)
    return webhook.failures
      ? { like: "waiting", word: "failing" }
      : { like: "succeeded", word: "on" };
  if (webhook.disabled_by === "failing") return { like: "failed", word: "off, it kept failing" };
  if (webhook.disabled_by === "gone") return { like: "failed", word: "off, it is gone" };
  return { like: "cancelled", word: "paused" };
}
