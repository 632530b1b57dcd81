/** What a queue's row says. */

import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Pause, Play, TriangleAlert } from "lucide-react";
import { written } from "@/hooks/job-query";
import { isUnserved, type Queue } from "@/hooks/use-queues";
import { Can } from "@/parts/can";
import type { Column } from "@/parts/data-table";
import { JobCount } from "@/parts/job-count";
import { Tag } from "@/parts/tag";
import { Ago, duration } from "@/parts/time";
import css from "./queues.module.css";

type Acts = {
  onPause: (queue: Queue) => void;
  onResume: (queue: Queue) => void;
  /** The one that is being resumed. */
  resuming?: string;
};

export function columns({ onPause, onResume, resuming }: Acts): Column<Queue>[] {
  return [
    { name: "Queue", cell: (queue) => <Name queue={queue} /> },
    { name: "Waiting", width: "80px", align: "right", cell: (queue) => <Waiting queue={queue} /> },
    {
      name: "Running",
      width: "80px",
      align: "right",
      cell: (queue) => <Count queue={queue} state="running" count={queue.running} />,
    },
    {
      name: "Scheduled",
      width: "92px",
      align: "right",
      cell: (queue) => <Count queue={queue} state="scheduled" count={queue.scheduled} />,
    },
    {
      name: "On children",
      width: "96px",
      align: "right",
      cell: (queue) => <Count queue={queue} state="waiting" count={queue.waiting_for_children} />,
    },
    {
      name: "Oldest",
      width: "104px",
      align: "right",
      cell: ({ oldest_waiting_s: oldest }) => (
        <span className={oldest === null ? "muted" : undefined}>
          {oldest === null ? "–" : duration(oldest)}
        </span>
      ),
    },
    {
      name: "Ended",
      width: "72px",
      align: "right",
      cell: ({ ended_per_s: pace }) => (
        <span className={pace ? undefined : "muted"} title="Jobs that its workers end a second">
          {pace.toLocaleString()} /s
        </span>
      ),
    },
    {
      name: "Workers",
      width: "112px",
      align: "right",
      cell: (queue) => (
        <Link to="/workers" search={{ queue: queue.name } as never} className={css.workers}>
          {queue.workers}
          <span className="muted"> · {queue.free_slots.toLocaleString()} free</span>
        </Link>
      ),
    },
    {
      name: "Actions",
      width: "124px",
      align: "right",
      quiet: true,
      cell: (queue) => (
        <Can scope="admin">
          {queue.paused ? (
            <Button
              variant="default"
              leftSection={<Play size={13} />}
              loading={resuming === queue.name}
              onClick={() => onResume(queue)}
              aria-label={`Resume ${queue.name}`}
            >
              Resume
            </Button>
          ) : (
            <Button
              variant="subtle"
              color="gray"
              leftSection={<Pause size={13} />}
              onClick={() => onPause(queue)}
              aria-label={`Pause ${queue.name}`}
            >
              Pause
            </Button>
          )}
        </Can>
      ),
    },
  ];
}

const listed = (queue: Queue, state: string) => `${written("queue", queue.name)} state:${state}`;

function Name({ queue }: { queue: Queue }) {
  const { paused } = queue;
  return (
    <>
      <div className={css.name}>
        <Link
          to="/jobs"
          search={{ q: written("queue", queue.name) } as never}
          className="ellipsis"
          title={queue.name}
        >
          {queue.name}
        </Link>
        {queue.pool !== queue.name && (
          <Tag
            title={queue.pool ? `Its jobs run in the ${queue.pool} pool` : "No setting names it"}
          >
            {queue.pool ?? "unknown"}
          </Tag>
        )}
        {paused && (
          <Tag tone="warning" icon={Pause}>
            Paused
          </Tag>
        )}
        {queue.workers === 0 && (
          <Tag tone={isUnserved(queue) ? "failed" : "warning"} icon={TriangleAlert}>
            No worker
          </Tag>
        )}
      </div>
      {paused && (
        <div className={css.why}>
          {paused.reason && <div>{paused.reason}</div>}
          <div className="muted">
            {paused.by}, <Ago at={paused.since} />
          </div>
        </div>
      )}
    </>
  );
}

function Waiting({ queue }: { queue: Queue }) {
  const { high, normal, low } = queue.by_priority;
  return (
    <span title={`${high} high, ${normal} normal, ${low} low priority; ${queue.retries} retries`}>
      {queue.retries > 0 && (
        <span className="muted">{queue.retries.toLocaleString()} again · </span>
      )}
      <Count queue={queue} state="queued" count={queue.waiting} />
    </span>
  );
}

function Count({ queue, state, count }: { queue: Queue; state: string; count: number }) {
  return (
    <JobCount count={count} q={listed(queue, state)} what={`${state} jobs in ${queue.name}`} />
  );
}
