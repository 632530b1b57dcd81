/** What a worker's row says. */

import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Check, DoorOpen, LogOut, TriangleAlert } from "lucide-react";
import { isSilent, type Worker } from "@/hooks/use-workers";
import { Can } from "@/parts/can";
import type { Column } from "@/parts/data-table";
import { Meter } from "@/parts/meter";
import { Tag } from "@/parts/tag";
import { Ago, useNow } from "@/parts/time";
import { bytes } from "./figures";
import css from "./workers.module.css";

type Acts = { onOpen: (id: string) => void; onDrain: (worker: Worker) => void };

export function columns({ onOpen, onDrain }: Acts): Column<Worker>[] {
  return [
    {
      name: "Worker",
      width: "15%",
      cell: (worker) => (
        <button
          type="button"
          className={css.open}
          title={worker.name}
          onClick={() => onOpen(worker.id)}
        >
          {worker.name}
        </button>
      ),
    },
    { name: "State", width: "112px", cell: (worker) => <State worker={worker} /> },
    {
      name: "Queues",
      width: "12%",
      cell: (worker) => (
        <span className="ellipsis" title={worker.queues.join(", ")}>
          {worker.queues.join(", ")}
        </span>
      ),
    },
    { name: "Slots", width: "144px", cell: (worker) => <Slots worker={worker} /> },
    { name: "Runs", cell: (worker) => <Runs worker={worker} onOpen={onOpen} /> },
    {
      name: "Memory",
      width: "84px",
      align: "right",
      cell: (worker) => bytes(worker.rss_bytes),
    },
    {
      name: "Heartbeat",
      width: "96px",
      align: "right",
      cell: (worker) => <Ago at={worker.heartbeat_at} />,
    },
    {
      name: "Version",
      width: "72px",
      align: "right",
      wide: true,
      cell: (worker) => worker.version,
    },
    {
      name: "Actions",
      width: "112px",
      align: "right",
      quiet: true,
      cell: (worker) =>
        worker.state === "live" && (
          <Can scope="admin">
            <Button
              variant="subtle"
              color="gray"
              leftSection={<LogOut size={13} />}
              aria-label={`Drain ${worker.name}`}
              onClick={() => onDrain(worker)}
            >
              Drain
            </Button>
          </Can>
        ),
    },
  ];
}

export function State({ worker }: { worker: Worker }) {
  const now = useNow();
  if (isSilent(worker, now))
    return (
      <Tag tone="failed" icon={TriangleAlert} title="It has not said that it lives for a while.">
        Silent
      </Tag>
    );
  if (worker.drain)
    return (
      <Tag tone="warning" icon={DoorOpen} title={`Drained by ${worker.drain.by}`}>
        Leaving
      </Tag>
    );
  return (
    <Tag tone="succeeded" icon={Check}>
      Live
    </Tag>
  );
}

function Slots({ worker }: { worker: Worker }) {
  return (
    <span className={css.slots}>
      <Meter
        label={`Slots in use of ${worker.name}`}
        used={worker.in_flight}
        most={worker.slots}
        warnAt={2}
      />
      <span className={css.of}>
        {worker.in_flight.toLocaleString()} / {worker.slots.toLocaleString()}
      </span>
    </span>
  );
}

/** What it has run longest, and how much more. */
function Runs({ worker, onOpen }: { worker: Worker; onOpen: (id: string) => void }) {
  const [first, ...others] = worker.jobs;
  if (!first) {
    const foreign = worker.in_flight > 0;
    return <span className="muted">{foreign ? "Jobs of others" : "Nothing"}</span>;
  }
  return (
    <span className={css.runs}>
      <Link
        to="/jobs/$jobId"
        params={{ jobId: first.id }}
        className={`${css.first} ellipsis`}
        title={`Job ${first.id}`}
      >
        {first.type}
      </Link>
      {others.length > 0 && (
        <button
          type="button"
          className={css.more}
          title="Show all that it runs"
          onClick={() => onOpen(worker.id)}
        >
          +{others.length.toLocaleString()}
        </button>
      )}
    </span>
  );
}
