/** One job: what became of it, step by step, as it happens. */

import { useParams } from "@tanstack/react-router";
import { Suspense } from "react";
import { isAway } from "@/api/problem";
import { isOver, useAttempts, useJob, useSteps } from "@/hooks/use-job";
import { useJobEvents } from "@/hooks/use-job-events";
import { useJobList } from "@/hooks/use-jobs";
import { CopyIt, shortId } from "@/parts/job-id";
import { JsonView } from "@/parts/json-view";
import { lazily } from "@/parts/lazily";
import { Page, Panel, Section } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { ProgressBar } from "@/parts/progress-bar";
import { StateBadge } from "@/parts/state-badge";
import { Actions } from "./actions";
import { Facts } from "./facts";
import { Fault } from "./fault";
import css from "./job.module.css";
import { Waiting } from "./job-skeleton";
import { JobLog } from "./log";
import { Result } from "./result";
import { Why } from "./why";

const Timeline = lazily(() => import("./timeline"));
const POLL_MS = 2000;
// Steps and children have no events of their own.
const LOOK_AGAIN_MS = 4000;

export default function JobPage() {
  const { jobId = "" } = useParams({ strict: false });
  return <OneJob key={jobId} jobId={jobId} />;
}

function OneJob({ jobId }: { jobId: string }) {
  const first = useJob(jobId);
  const { mode, logs, states } = useJobEvents(jobId, first.data?.run);
  // Without a stream the documents are asked for instead.
  const asked = useJob(
    jobId,
    mode === "polling" && first.data && !isOver(first.data) ? POLL_MS : 0,
  );
  const job = asked.data;
  const everyMs = job && !isOver(job) ? LOOK_AGAIN_MS : 0;
  const attempts = useAttempts(jobId, everyMs);
  const steps = useSteps(jobId, everyMs);
  const children = useJobList({ parent: jobId }, { everyMs });
  const crumbs = [{ label: "Jobs", to: "/jobs" }];
  if (!job)
    return (
      <Page title={`Job ${shortId(jobId)}`} crumbs={crumbs}>
        {asked.error ? <ProblemPanel error={asked.error} onRetry={asked.refetch} /> : <Waiting />}
      </Page>
    );
  return (
    <Page
      title={`${job.type} ${shortId(jobId)}`}
      heading={
        <>
          <span>{job.type}</span>
          <span className={css.badge}>
            <StateBadge state={job.state} reason={job.reason} />
          </span>
        </>
      }
      crumbs={crumbs}
      actions={<Actions job={job} />}
    >
      <p className={css.id}>
        <span className="mono">{job.id}</span>
        <CopyIt value={job.id} what="the id" />
      </p>
      {asked.error && !isAway(asked.error) && (
        <ProblemPanel error={asked.error} onRetry={asked.refetch} />
      )}
      <div className={css.columns}>
        <div className={css.main}>
          {job.state === "running" && (
            <Panel>
              <ProgressBar progress={job.progress} since={attempts.data?.at(-1)?.started_at} />
            </Panel>
          )}
          <Why job={job} />
          <Fault job={job} states={states} />
          {job.state === "succeeded" && <Result job={job} />}
          <Suspense fallback={<Waiting />}>
            <Timeline
              job={job}
              attempts={attempts.data}
              steps={steps.data?.steps ?? []}
              more={steps.data?.more ?? false}
              family={children.data?.data ?? []}
              error={attempts.error ?? steps.error ?? children.error}
            />
          </Suspense>
          <JobLog jobId={jobId} lines={logs} mode={mode} />
          <Section title="Input">
            <JsonView value={job.input ?? null} label="the input" />
          </Section>
        </div>
        <Facts job={job} />
      </div>
    </Page>
  );
}
