/** The worker processes: what each runs, how it fares, letting it go. */

import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import { Suspense, useState } from "react";
import { isUnserved, type Queue, useQueues } from "@/hooks/use-queues";
import { useUrlState } from "@/hooks/use-url-state";
import { drainWorker, useWorkers, type Worker } from "@/hooks/use-workers";
import { Confirm } from "@/parts/confirm";
import { DataTable } from "@/parts/data-table";
import { EmptyState } from "@/parts/empty-state";
import { lazily } from "@/parts/lazily";
import { Page } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { Stat, Stats } from "@/parts/stat";
import { Tag } from "@/parts/tag";
import { columns } from "./columns";
import { bytes, totals } from "./figures";
import css from "./workers.module.css";

const WorkerDrawer = lazily(() => import("./worker-drawer"), "dialog");

export default function WorkersPage() {
  const [{ queue, worker: opened }, change] = useUrlState();
  const workers = useWorkers();
  const queues = useQueues();
  const [draining, setDraining] = useState<Worker | null>(null);
  const rows = workers.data?.filter((one) => !queue || one.queues.includes(queue));
  const sum = totals(rows ?? []);
  const cells = columns({ onOpen: (id) => change({ worker: id }), onDrain: setDraining });
  const shown = workers.data?.find((one) => one.id === opened);
  return (
    <Page
      title="Workers"
      actions={
        queue && (
          <Button variant="default" onClick={() => change({ queue: undefined })}>
            Serving {queue} · show all
          </Button>
        )
      }
    >
      <ProblemPanel error={workers.error} onRetry={workers.refetch} />
      <Unserved queues={queues.data?.filter((one) => one.workers === 0) ?? []} />
      {rows?.length === 0 ? (
        <EmptyState title={queue ? `No worker serves ${queue}` : "No worker lives"}>
          Jobs are accepted and wait. Start one with <code>haulage worker</code>.
        </EmptyState>
      ) : (
        <>
          {rows && (
            <Stats>
              <Stat
                label="Live"
                value={sum.live}
                note={sum.draining > 0 && `${sum.draining} leaving`}
              />
              <Stat
                label="Slots in use"
                value={`${sum.busy.toLocaleString()} of ${sum.slots.toLocaleString()}`}
                to="/jobs"
                search={{ q: queue ? `queue:${queue} state:running` : "state:running" }}
              />
              <Stat label="Memory" value={bytes(sum.memory)} />
              <Stat label="Versions" value={sum.versions.join(", ") || "–"} />
            </Stats>
          )}
          <DataTable
            label="Workers"
            className={css.table}
            columns={cells}
            rows={rows}
            keyOf={(one) => one.id}
            waitingRows={3}
          />
        </>
      )}
      {opened && workers.data && (
        <Suspense>
          <WorkerDrawer worker={shown} onClose={() => change({ worker: undefined })} />
        </Suspense>
      )}
      {draining && (
        <Confirm
          opened
          title={`Drain ${draining.name}?`}
          action="Drain the worker"
          danger
          onConfirm={() => drainWorker(draining.id)}
          onClose={() => setDraining(null)}
        >
          It takes no more jobs, finishes {draining.in_flight === 1 ? "the one" : "those"} it runs
          {draining.in_flight ? ` (${draining.in_flight.toLocaleString()} now)` : ""} or gives back
          what takes too long, and exits. What watches over it may start another.
        </Confirm>
      )}
    </Page>
  );
}

/** The queues that have nobody. */
function Unserved({ queues }: { queues: Queue[] }) {
  if (!queues.length) return null;
  return (
    <ul className={css.unserved} aria-label="Queues without a worker">
      {queues.map((queue) => (
        <li key={queue.name}>
          <Tag tone={isUnserved(queue) ? "failed" : "warning"} icon={TriangleAlert}>
            No worker
          </Tag>
          <span>
            serves{" "}
            <Link to="/queues" className={css.link}>
              {queue.name}
            </Link>
            {queue.waiting > 0 &&
              `, where ${queue.waiting.toLocaleString()} ${queue.waiting === 1 ? "job waits" : "jobs wait"}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
