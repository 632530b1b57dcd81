/** A dead letter's error, with the trace where it was kept. */

import { Modal, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useJobEvents } from "@/hooks/use-job-events";
import type { Job } from "@/hooks/use-jobs";
import { CopyIt } from "@/parts/job-id";
import { Ago } from "@/parts/time";
import css from "./dead-letters.module.css";

export function Inspect({ job, onClose }: { job: Job; onClose: () => void }) {
  const { states } = useJobEvents(job.id, job.run);
  const told = states.findLast((change) => change.data.error)?.data.error as
    | { trace?: string }
    | undefined;
  const title = (
    <Text fw={600} component="span">
      {job.error?.code ?? "Failed"}
    </Text>
  );
  return (
    <Modal opened onClose={onClose} title={title} size={760}>
      <div className={css.inspect}>
        <p>{job.error?.message}</p>
        <p className={css.facts}>
          <span>{job.type}</span>
          <span>
            {job.attempt} {job.attempt === 1 ? "attempt" : "attempts"}
          </span>
          <span>
            failed <Ago at={job.finished_at} />
          </span>
          <span>{job.error?.retryable ? "may pass by itself" : "would fail again"}</span>
          <Link to="/jobs/$jobId" params={{ jobId: job.id }}>
            The job, with its log
          </Link>
        </p>
        {told?.trace ? (
          <div>
            <CopyIt value={told.trace} what="the trace" />
            <pre className={css.trace} tabIndex={0}>
              {told.trace}
            </pre>
          </div>
        ) : (
          <p className="muted">
            {states.length ? "No trace was kept with this error." : "Looking for its trace …"}
          </p>
        )}
      </div>
    </Modal>
  );
}
