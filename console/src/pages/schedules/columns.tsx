/** What a schedule's row says. */

import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Pause, Play, Trash2, Zap } from "lucide-react";
import type { ReactNode } from "react";
import { written } from "@/hooks/job-query";
import type { Schedule } from "@/hooks/use-schedules";
import { Can } from "@/parts/can";
import type { Column } from "@/parts/data-table";
import { JobId } from "@/parts/job-id";
import { Tag } from "@/parts/tag";
import { Ago } from "@/parts/time";
import css from "./schedules.module.css";
import { inWords, inZone } from "./words";

type Acts = Record<"onRun" | "onSwitch" | "onDelete", (schedule: Schedule) => void>;

export function columns({ onRun, onSwitch, onDelete }: Acts): Column<Schedule>[] {
  return [
    {
      name: "Schedule",
      cell: (one) => (
        <>
          <div className={css.name}>
            <Link
              to="/jobs"
              search={{ q: written("tag", `schedule:${one.name}`) } as never}
              className="ellipsis"
              title={`Jobs of ${one.name}`}
            >
              {one.name}
            </Link>
            {one.paused_at && (
              <Tag tone="warning" icon={Pause} title={`Paused by ${one.paused_by}`}>
                Paused
              </Tag>
            )}
          </div>
          <div className="muted ellipsis">{one.type}</div>
        </>
      ),
    },
    {
      name: "Comes",
      width: "24%",
      cell: (one) => (
        <>
          <div className="ellipsis">{inWords(one.cron) ?? "by its expression"}</div>
          <div className="muted ellipsis">
            <span className="mono">{one.cron}</span> · {one.timezone}
          </div>
        </>
      ),
    },
    {
      name: "Next runs",
      width: "24%",
      cell: (one) =>
        one.next_runs.length ? (
          <div title={one.next_runs.map((at) => inZone(at, one.timezone)).join("\n")}>
            <Ago at={one.next_runs[0]} />
            <ul className={css.runs}>
              {one.next_runs.map((at) => (
                <li key={at}>{inZone(at, one.timezone)}</li>
              ))}
            </ul>
          </div>
        ) : (
          <span className="muted">None while it is paused</span>
        ),
    },
    {
      name: "Last run",
      width: "144px",
      cell: (one) => (
        <>
          <Ago at={one.last_run_at} />
          {one.last_job_id && (
            <div>
              <JobId id={one.last_job_id} copy={false} />
            </div>
          )}
        </>
      ),
    },
    {
      name: "Actions",
      width: "128px",
      align: "right",
      quiet: true,
      cell: (one) => (
        <Can scope="operate">
          <span className={css.acts}>
            <Act label={`Run ${one.name} now`} onClick={() => onRun(one)}>
              <Zap size={14} />
            </Act>
            <Act
              label={`${one.paused_at ? "Resume" : "Pause"} ${one.name}`}
              onClick={() => onSwitch(one)}
            >
              {one.paused_at ? <Play size={14} /> : <Pause size={14} />}
            </Act>
            <Act label={`Delete ${one.name}`} onClick={() => onDelete(one)}>
              <Trash2 size={14} />
            </Act>
          </span>
        </Can>
      ),
    },
  ];
}

function Act({
  label,
  onClick,
  children,
}: {
  label: string;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <ActionIcon aria-label={label} data-tip={label} onClick={onClick}>
      {children}
    </ActionIcon>
  );
}
