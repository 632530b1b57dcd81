/** One pool: its limits and how full they are, who waits, its breaker. */

import { Button } from "@mantine/core";
import { Snowflake, TriangleAlert, Zap } from "lucide-react";
import type { Pool, Usage } from "@/hooks/use-limits";
import { Can } from "@/parts/can";
import { type Column, DataTable } from "@/parts/data-table";
import { Meter } from "@/parts/meter";
import { Section } from "@/parts/page";
import { Tag } from "@/parts/tag";
import { Ago, duration } from "@/parts/time";
import css from "./limits.module.css";

const COLUMNS: Column<Usage>[] = [
  {
    name: "Limit",
    cell: (one) => (
      <span title={one.name}>
        {one.name}
        {one.whose && <span className="muted"> · {one.whose}</span>}
      </span>
    ),
  },
  { name: "Counted", width: "88px", wide: true, cell: (one) => one.strategy },
  {
    name: "Used",
    width: "30%",
    cell: (one) => {
      const used = Math.max(0, one.limit - one.remaining);
      return (
        <span className={css.used}>
          <Meter label={one.name} used={used} most={one.limit} />
          <span className={css.of}>
            {used.toLocaleString()} / {one.limit.toLocaleString()}
          </span>
        </span>
      );
    },
  },
  {
    name: "Left",
    wide: true,
    width: "96px",
    align: "right",
    cell: (one) => one.remaining.toLocaleString(),
  },
  {
    name: "Next",
    width: "112px",
    align: "right",
    cell: (one) =>
      one.remaining > 0 ? (
        <span className="muted">now</span>
      ) : one.next_at ? (
        <Ago at={one.next_at} />
      ) : (
        <span className="muted">when one ends</span>
      ),
  },
  {
    name: "Unused again",
    width: "120px",
    align: "right",
    wide: true,
    cell: (one) => (one.current > 0 ? <Ago at={one.reset_at} /> : <span className="muted">–</span>),
  },
];

const PERIODS = ["second", "minute", "hour", "day", "week", "month"];

/** What is at once first, then the shortest periods. */
const byPeriod = (limits: Usage[]) =>
  limits.toSorted((a, b) => PERIODS.indexOf(a.period ?? "") - PERIODS.indexOf(b.period ?? ""));

export function PoolPanel({
  pool,
  closing,
  onEdit,
  onGiveBack,
  onClose,
}: {
  pool: Pool;
  closing: boolean;
  onEdit: () => void;
  onGiveBack: () => void;
  onClose: () => void;
}) {
  const { breaker } = pool;
  const open = breaker && breaker.state !== "closed";
  return (
    <Section
      title={pool.name}
      aside={
        <span className={css.tags}>
          {open && (
            <Tag tone="failed" icon={Zap}>
              {breaker.state === "open"
                ? `Breaker open, ${duration(breaker.retry_after_s)} to go`
                : "Breaker half open: one call probes"}
            </Tag>
          )}
          {breaker && !open && (
            <Tag
              title={`${breaker.failures} failures in a row; opens after ${breaker.opens_after}`}
            >
              Breaker closed
            </Tag>
          )}
          {(pool.frozen_s ?? 0) > 0 && (
            <Tag tone="warning" icon={Snowflake}>
              Frozen for {duration(pool.frozen_s ?? 0)}
            </Tag>
          )}
          {pool.part !== null && pool.part < 1 && (
            <Tag tone="warning">{Math.round(pool.part * 100)} % in force</Tag>
          )}
          <Tag title={pool.set_by ? `Set by ${pool.set_by}` : "Where it was set"}>
            {pool.source}
            {pool.set_at && (
              <>
                , <Ago at={pool.set_at} />
              </>
            )}
          </Tag>
          <Can scope="admin">
            {open && (
              <Button variant="default" loading={closing} onClick={onClose}>
                Close the breaker
              </Button>
            )}
            {pool.source === "api" && (
              <Button variant="subtle" color="gray" onClick={onGiveBack}>
                Give back to the file
              </Button>
            )}
            <Button variant="default" onClick={onEdit} aria-label={`Edit ${pool.name}`}>
              Edit
            </Button>
          </Can>
        </span>
      }
    >
      {pool.limits ? (
        <DataTable
          label={`Limits of ${pool.name}`}
          className={css.table}
          columns={COLUMNS}
          rows={byPeriod(pool.limits)}
          keyOf={(one) => `${one.name} ${one.whose}`}
        />
      ) : (
        <p className={css.unknown}>
          <TriangleAlert size={14} color="var(--failed)" aria-hidden /> Redis does not answer: how
          full its limits are is not known.
        </p>
      )}
      {(pool.waiting ?? 0) + (pool.parked ?? 0) > 0 && (
        <p className={css.waiting}>
          {pool.waiting?.toLocaleString()} calls wait in their slot, {pool.parked?.toLocaleString()}{" "}
          jobs are parked until their turn:{" "}
          {pool.lines
            ?.slice(0, 5)
            .map((line) => `${line.tenant} ${line.model} ${line.waiting + line.parked}`.trim())
            .join(", ")}
        </p>
      )}
    </Section>
  );
}
