/** One worker: what is known of it, and what it runs. */

import { Drawer } from "@mantine/core";
import type { ReactNode } from "react";
import type { Worker } from "@/hooks/use-workers";
import { EmptyState } from "@/parts/empty-state";
import { JobId } from "@/parts/job-id";
import { Ago, Duration, duration } from "@/parts/time";
import { State } from "./columns";
import { bytes } from "./figures";
import css from "./workers.module.css";

export default function WorkerDrawer({
  worker,
  onClose,
}: {
  /** Undefined: it is not among those that live. */
  worker: Worker | undefined;
  onClose: () => void;
}) {
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={480}
      title={<strong>{worker?.name ?? "A worker"}</strong>}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {worker ? (
        <div className={css.drawer}>
          <dl className={css.facts}>
            <Fact name="State">
              <State worker={worker} />
            </Fact>
            {worker.drain && (
              <Fact name="Drained by">
                {worker.drain.by}, <Ago at={worker.drain.since} />
              </Fact>
            )}
            <Fact name="Machine">
              {worker.host}, process {worker.pid}
            </Fact>
            <Fact name="Pool">{worker.pool}</Fact>
            <Fact name="Queues">{worker.queues.join(", ")}</Fact>
            <Fact name="Slots">
              {worker.in_flight.toLocaleString()} of {worker.slots.toLocaleString()} in use
              {worker.backlog > 0 && `, ${worker.backlog.toLocaleString()} more at its door`}
            </Fact>
            <Fact name="Memory">{bytes(worker.rss_bytes)}</Fact>
            <Fact name="Started">
              <Ago at={worker.started_at} />
            </Fact>
            <Fact name="Heartbeat">
              <Ago at={worker.heartbeat_at} />
            </Fact>
            {worker.clock_ahead_s !== null && Math.abs(worker.clock_ahead_s) >= 0.5 && (
              <Fact name="Clock">
                {duration(worker.clock_ahead_s)} {worker.clock_ahead_s > 0 ? "ahead" : "behind"}
              </Fact>
            )}
            <Fact name="Version">{worker.version}</Fact>
          </dl>
          <h2>Runs{worker.jobs.length > 0 && ` ${worker.jobs.length}`}</h2>
          {worker.jobs.length ? (
            <ul className={css.jobs}>
              {worker.jobs.map((job) => (
                <li key={job.id}>
                  <span className="ellipsis">{job.type}</span>
                  <JobId id={job.id} copy={false} />
                  <span className={css.since}>
                    {job.attempt > 1 && `attempt ${job.attempt} · `}
                    <Duration since={job.claimed_at} />
                  </span>
                </li>
              ))}
            </ul>
          ) : (
            <p className="muted">
              {worker.in_flight ? "Jobs of other tenants." : "Nothing at the moment."}
            </p>
          )}
        </div>
      ) : (
        <EmptyState title="It has left">
          A worker that ends gives its jobs to the others.
        </EmptyState>
      )}
    </Drawer>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
