/** What went wrong last, with the trace where it is known. */

import type { StateChange } from "@/hooks/use-job-events";
import type { Job } from "@/hooks/use-jobs";
import { CopyIt } from "@/parts/job-id";
import { Panel, Section } from "@/parts/page";
import css from "./job.module.css";

export function Fault({ job, states }: { job: Job; states: StateChange[] }) {
  if (!job.error || job.state === "succeeded") return null;
  const told = states.findLast((change) => change.data.error)?.data.error as
    | { trace?: string; message?: string }
    | undefined;
  const trace = told?.message === job.error.message ? told.trace : undefined;
  return (
    <Section
      title={job.state === "failed" ? "Error" : "The last attempt's error"}
      aside={<CopyIt value={trace ?? job.error.message} what="the error" />}
    >
      <div className={css.fault}>
        <Panel>
          <p>
            <b>{job.error.code}</b>{" "}
            <span className="muted">
              {job.error.retryable ? "may pass by itself" : "would fail again"}
            </span>
          </p>
          <p>{job.error.message}</p>
          {trace && (
            <details>
              <summary>Trace</summary>
              <pre className={css.trace} tabIndex={0}>
                {trace}
              </pre>
            </details>
          )}
        </Panel>
      </div>
    </Section>
  );
}
