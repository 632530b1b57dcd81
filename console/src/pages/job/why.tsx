/** Why a job that could run doesn't. */

import { Link } from "@tanstack/react-router";
import { isOver, useWhy } from "@/hooks/use-job";
import type { Job } from "@/hooks/use-jobs";
import { Panel, Section } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { Ago } from "@/parts/time";
import css from "./job.module.css";

export function Why({ job }: { job: Job }) {
  const waits = !isOver(job) && job.state !== "running";
  const { data, error, refetch } = useWhy(job.id, waits);
  if (!waits) return null;
  return (
    <Section title="Why isn't it running?">
      {error ? (
        <ProblemPanel error={error} onRetry={refetch} />
      ) : (
        <Panel>
          {data?.causes.map((cause) => (
            <div key={cause.code + cause.message} className={css.cause}>
              <span>
                {cause.message}{" "}
                {cause.code === "queue_paused" && (
                  <Link to="/queues" className={css.link}>
                    Go to the queues
                  </Link>
                )}
                {cause.code === "no_worker" && (
                  <Link to="/workers" className={css.link}>
                    Go to the workers
                  </Link>
                )}
              </span>
              {cause.until && (
                <span className="muted ellipsis">
                  until <Ago at={cause.until} />
                </span>
              )}
            </div>
          )) ?? <span className="muted">Asking …</span>}
        </Panel>
      )}
    </Section>
  );
}
