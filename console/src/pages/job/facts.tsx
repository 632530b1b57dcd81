/** What is known of a job besides what it does. */

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { written } from "@/hooks/job-query";
import type { Job } from "@/hooks/use-jobs";
import { useMe } from "@/hooks/use-me";
import { CopyIt, JobId, shortId } from "@/parts/job-id";
import { Panel } from "@/parts/page";
import { Ago, Duration, duration } from "@/parts/time";
import css from "./job.module.css";

const cost = new Intl.NumberFormat(undefined, {
  style: "currency",
  currency: "USD",
  maximumFractionDigits: 6,
});

export function Facts({ job }: { job: Job }) {
  const { usage, credits } = job;
  const { me } = useMe();
  const trace = traceOf(job, me?.trace_url);
  const listed = (key: string, value: string) => ({ q: written(key, value) }) as never;
  return (
    <aside aria-label="About this job">
      <Panel>
        <dl className={css.facts}>
          <Fact name="Queue">
            <Link to="/jobs" search={listed("queue", job.queue)} className={css.link}>
              {job.queue}
            </Link>
            {job.priority !== "normal" && ` · ${job.priority} priority`}
          </Fact>
          <Fact name="Attempt">
            {job.attempt} of {job.max_attempts}
            {job.run > 1 && ` · run ${job.run}`}
            {job.crashes > 0 && ` · ${job.crashes} ${job.crashes === 1 ? "crash" : "crashes"}`}
          </Fact>
          <Fact name="Time limit">{duration(job.timeout_s)} an attempt</Fact>
          {job.tags.length > 0 && (
            <Fact name="Tags">
              <span className={css.tags}>
                {job.tags.map((tag) => (
                  <Link key={tag} to="/jobs" search={listed("tag", tag)} className={css.tag}>
                    {tag}
                  </Link>
                ))}
              </span>
            </Fact>
          )}
        </dl>
        <dl className={css.facts}>
          <Fact name="Created">
            <Ago at={job.created_at} />
          </Fact>
          {job.state === "scheduled" && (
            <Fact name="Due">
              <Ago at={job.scheduled_at} />
            </Fact>
          )}
          {job.started_at && (
            <Fact name="Started">
              <Ago at={job.started_at} />
            </Fact>
          )}
          {job.finished_at && (
            <Fact name="Finished">
              <Ago at={job.finished_at} />
            </Fact>
          )}
          {job.started_at && (
            <Fact name="Took">
              <Duration seconds={job.duration_s} since={job.started_at} />
            </Fact>
          )}
          {job.deadline && (
            <Fact name="Start by">
              <Ago at={job.deadline} />
            </Fact>
          )}
          {job.cancelled_by && <Fact name="Cancelled by">{job.cancelled_by}</Fact>}
          {job.discarded_at && (
            <Fact name="Discarded">
              <Ago at={job.discarded_at} />
            </Fact>
          )}
        </dl>
        <dl className={css.facts}>
          {usage.calls > 0 && (
            <>
              <Fact name="Model calls">{usage.calls.toLocaleString()}</Fact>
              <Fact name="Tokens">
                {usage.input_tokens.toLocaleString()} in, {usage.output_tokens.toLocaleString()} out
              </Fact>
              <Fact name="Cost">{cost.format(usage.cost)}</Fact>
            </>
          )}
          {credits && (
            <Fact name="Credits">
              {credits.cost === null
                ? `${credits.price.toLocaleString()} reserved`
                : credits.cost.toLocaleString()}
            </Fact>
          )}
        </dl>
        <dl className={css.facts}>
          {job.parent_id && (
            <Fact name="Parent">
              <JobId id={job.parent_id} copy={false} />
            </Fact>
          )}
          {job.request_id && (
            <Fact name="Request">
              <span className="mono" title={job.request_id}>
                {shortId(job.request_id)}
              </span>
              <CopyIt value={job.request_id} what="the request's id" />
            </Fact>
          )}
          {trace && (
            <Fact name="Trace">
              <a href={trace} target="_blank" rel="noreferrer" className={css.link}>
                See its trace
              </a>
            </Fact>
          )}
          {job.fingerprint && (
            <Fact name="Cause">
              <Link to="/jobs" search={listed("fingerprint", job.fingerprint)} className={css.link}>
                Failures like this
              </Link>
            </Fact>
          )}
        </dl>
      </Panel>
    </aside>
  );
}

/** Where the job's trace is shown, if it has one and there is such a place. */
function traceOf(job: Job & { trace_id?: string | null }, place: string | null | undefined) {
  return job.trace_id && place?.replaceAll("{trace_id}", encodeURIComponent(job.trace_id));
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
