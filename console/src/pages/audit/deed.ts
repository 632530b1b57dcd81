/** What an entry of the audit says was done, in words, and where in the console it is to be seen. */

import type { AuditEntry } from "@/hooks/use-audit";

const WORDS: Record<string, string> = {
  "POST /jobs": "submitted a job",
  "POST /jobs/batch": "submitted jobs",
  "POST /jobs/{job_id}/cancel": "cancelled a job",
  "DELETE /jobs/{job_id}": "cancelled a job",
  "POST /jobs/{job_id}/retry": "retried a job",
  "POST /dead-letters/{job_id}/redrive": "redrove a dead letter",
  "POST /dead-letters/{job_id}/discard": "discarded a dead letter",
  "POST /bulk/preview": "previewed a bulk operation",
  "POST /credits/quote": "asked for a price",
  "POST /bulk": "began a bulk operation",
  "POST /bulk/{bulk_id}/abort": "stopped a bulk operation",
  "POST /files": "uploaded a file",
  "POST /credits/grants": "gave credits",
  "PUT /limits/{name}": "set limits",
  "DELETE /limits/{name}": "took set limits back",
  "POST /limits/{name}/breaker/close": "closed a breaker",
  "POST /queues/{name}/pause": "paused a queue",
  "POST /queues/{name}/resume": "resumed a queue",
  "POST /workers/{worker_id}/drain": "drained a worker",
  "POST /schedules": "made a schedule",
  "PATCH /schedules/{schedule_id}": "changed a schedule",
  "DELETE /schedules/{schedule_id}": "ended a schedule",
  "POST /schedules/{schedule_id}/pause": "paused a schedule",
  "POST /schedules/{schedule_id}/resume": "resumed a schedule",
  "POST /schedules/{schedule_id}/run": "ran a schedule now",
  "POST /keys": "made a key",
  "POST /keys/{key_id}/rotate": "replaced a key",
  "DELETE /keys/{key_id}": "revoked a key",
  "POST /webhooks": "made a webhook",
  "PATCH /webhooks/{webhook_id}": "changed a webhook",
  "DELETE /webhooks/{webhook_id}": "deleted a webhook",
  "POST /webhooks/{webhook_id}/rotate": "replaced a webhook's secret",
  "POST /webhooks/{webhook_id}/test": "tested a webhook",
  "POST /webhooks/{webhook_id}/replay": "sent failed deliveries again",
  "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/replay": "sent a delivery again",
};

const bare = (path: string) => path.replace("/api/v1", "");

/** `cancelled a job`; what has no words yet is told as the API has it. */
export const deedOf = (action: string): string => WORDS[bare(action)] ?? bare(action);

export type Place = { label: string; to: string; search?: Record<string, string>; jobId?: string };

// They stand where an id may.
const VERBS = ["batch", "preview"];
const LISTS = ["queues", "workers", "limits", "schedules", "keys", "webhooks", "credits"];

/** Where what was asked for is to be seen; null where nothing names it. */
export function placeOf({ target }: Pick<AuditEntry, "target">): Place | null {
  const [list = "", id] = bare(target).split("/").filter(Boolean).map(decodeURIComponent);
  if (["jobs", "dead-letters", "bulk"].includes(list))
    return id && !VERBS.includes(id) ? { label: id, to: "/jobs/$jobId", jobId: id } : null;
  if (!LISTS.includes(list)) return null;
  if (list === "webhooks" && id) return { label: id, to: "/webhooks", search: { webhook: id } };
  return { label: list === "credits" || !id ? list : id, to: `/${list}` };
}
