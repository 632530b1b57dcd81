/** What a row of the list tells of a job. */

import { Link } from "@tanstack/react-router";
import type { Job } from "@/hooks/use-jobs";
import { type Column, leads } from "@/parts/data-table";
import { JobId } from "@/parts/job-id";
import { ProgressBar } from "@/parts/progress-bar";
import { StateBadge } from "@/parts/state-badge";
import { Ago, Duration } from "@/parts/time";
import css from "./jobs.module.css";

export function columns(onTag: (tag: string) => void): Column<Job>[] {
  return [
    {
      name: "State",
      width: "128px",
      cell: (job) => <StateBadge state={job.state} reason={job.reason} />,
    },
    {
      name: "Type",
      width: "13%",
      cell: (job) => (
        <Link to="/jobs/$jobId" params={{ jobId: job.id }} className={leads} title={job.type}>
          {job.type}
        </Link>
      ),
    },
    {
      name: "Job",
      width: "118px",
      wide: true,
      cell: (job) => <JobId id={job.id} link={false} copy={false} />,
    },
    { name: "What happens", whole: true, cell: (job) => <News job={job} /> },
    {
      name: "Tags",
      width: "10%",
      wide: true,
      cell: (job) => (
        <span title={job.tags.join(", ")}>
          {job.tags.map((tag) => (
            <button key={tag} type="button" className={css.tag} onClick={() => onTag(tag)}>
              {tag}
            </button>
          ))}
        </span>
      ),
    },
    {
      name: "Queue",
      width: "64px",
      wide: true,
      cell: (job) => <span title={job.queue}>{job.queue}</span>,
    },
    { name: "Took", width: "76px", align: "right", cell: (job) => <Took job={job} /> },
    { name: "Created", width: "104px", align: "right", cell: (job) => <Ago at={job.created_at} /> },
  ];
}

/** A running job's progress, a failed one's error, when a later one is due. */
function News({ job }: { job: Job }) {
  if (job.state === "running")
    return (
      <span className={css.progress}>
        <ProgressBar progress={job.progress} slim />
        <span className="ellipsis muted">{job.progress.step}</span>
      </span>
    );
  if (job.error && job.state !== "succeeded")
    return (
      <span className="muted" title={`${job.error.code}: ${job.error.message}`}>
        {job.error.message}
      </span>
    );
  if (job.state === "scheduled")
    return (
      <span className="muted">
        due <Ago at={job.scheduled_at} />
      </span>
    );
  return null;
}

function Took({ job }: { job: Job }) {
  if (job.state === "running") return <Duration since={job.started_at} />;
  return job.duration_s === null ? null : <Duration seconds={job.duration_s} />;
}
