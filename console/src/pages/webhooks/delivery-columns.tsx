/** What a row tells of a delivery. */

import { Button } from "@mantine/core";
import type { Delivery } from "@/hooks/use-webhooks";
import type { Column } from "@/parts/data-table";
import { JobId } from "@/parts/job-id";
import { Mark } from "@/parts/mark";
import type { State } from "@/parts/state-badge";
import { Ago } from "@/parts/time";
import css from "./webhooks.module.css";

export const LIKE: Record<Delivery["state"], State> = {
  pending: "waiting",
  delivered: "succeeded",
  failed: "failed",
};

export function deliveryColumns({
  onLook,
  onResend,
}: {
  onLook: (delivery: Delivery) => void;
  /** Left out where the caller may not, or nothing can be sent. */
  onResend?: (delivery: Delivery) => void;
}): Column<Delivery>[] {
  return [
    {
      name: "State",
      width: "116px",
      cell: (one) => <Mark like={LIKE[one.state]}>{one.state}</Mark>,
    },
    { name: "Event", width: "132px", cell: (one) => <span title={one.event}>{one.event}</span> },
    {
      name: "Job",
      width: "156px",
      wide: true,
      cell: (one) => (one.job_id ? <JobId id={one.job_id} copy={false} /> : null),
    },
    {
      name: "Answer",
      whole: true,
      cell: (one) => <span className="muted">{answerOf(one)}</span>,
    },
    {
      name: "Tries",
      width: "64px",
      align: "right",
      wide: true,
      cell: (one) => one.tried.toLocaleString(),
    },
    { name: "Happened", width: "96px", align: "right", cell: (one) => <Ago at={one.at} /> },
    {
      name: "Actions",
      quiet: true,
      width: onResend ? "148px" : "84px",
      align: "right",
      cell: (one) => (
        <span className={css.buttons}>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => onLook(one)}>
            Inspect
          </Button>
          {onResend && one.state !== "pending" && (
            <Button size="compact-xs" variant="default" onClick={() => onResend(one)}>
              Resend
            </Button>
          )}
        </span>
      ),
    },
  ];
}

/** The last answer, or why there was none. */
export function answerOf({ status, fault, excerpt, tried }: Delivery): string {
  if (status !== null) return excerpt ? `${status} ${excerpt}` : String(status);
  if (fault) return excerpt ? `${fault.replaceAll("_", " ")}: ${excerpt}` : fault;
  return tried ? "No answer" : "Not tried yet";
}
