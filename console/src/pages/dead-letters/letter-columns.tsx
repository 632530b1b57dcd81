/** What a row tells of a dead letter, and what can be done to it. */

import { Button } from "@mantine/core";
import type { Decision } from "@/hooks/use-dead-letters";
import type { Job } from "@/hooks/use-jobs";
import type { Column } from "@/parts/data-table";
import { JobId } from "@/parts/job-id";
import { Ago } from "@/parts/time";
import css from "./dead-letters.module.css";

export function letterColumns({
  onLook,
  onDecide,
}: {
  onLook: (job: Job) => void;
  /** Left out where the caller may not. */
  onDecide?: (decision: Decision, job: Job) => void;
}): Column<Job>[] {
  return [
    { name: "Job", width: "156px", cell: (job) => <JobId id={job.id} /> },
    {
      name: "Error",
      whole: true,
      cell: (job) => (
        <span className="muted" title={job.error?.message}>
          {job.error?.message}
        </span>
      ),
    },
    {
      name: "Attempts",
      width: "84px",
      align: "right",
      wide: true,
      cell: (job) => job.attempt.toLocaleString(),
    },
    {
      name: "Tags",
      width: "14%",
      wide: true,
      cell: (job) => (
        <span className="muted" title={job.tags.join(", ")}>
          {job.tags.join(", ")}
        </span>
      ),
    },
    { name: "Failed", width: "112px", align: "right", cell: (job) => <Ago at={job.finished_at} /> },
    {
      name: "Actions",
      quiet: true,
      width: onDecide ? "216px" : "76px",
      align: "right",
      cell: (job) => (
        <span className={css.buttons}>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => onLook(job)}>
            Inspect
          </Button>
          {onDecide && (
            <>
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                onClick={() => onDecide("discard", job)}
              >
                Discard
              </Button>
              <Button size="compact-xs" variant="default" onClick={() => onDecide("redrive", job)}>
                Redrive
              </Button>
            </>
          )}
        </span>
      ),
    },
  ];
}
