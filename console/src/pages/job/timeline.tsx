/** What happened when: attempts, steps and children as a waterfall. */

import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { type Attempt, isOver, type Step } from "@/hooks/use-job";
import type { Job } from "@/hooks/use-jobs";
import { Section } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { duration, moment, useNow } from "@/parts/time";
import { type Bar, bars, latest, place, span } from "./bars";
import css from "./timeline.module.css";

const SHOWN = 60;

export default function Timeline({
  job,
  attempts,
  steps,
  more,
  family,
  error,
}: {
  job: Job;
  attempts: Attempt[] | undefined;
  steps: Step[];
  more: boolean;
  family: Job[];
  error: unknown;
}) {
  const ticking = useNow();
  const [whole, setWhole] = useState(false);
  const all = useMemo(() => bars(attempts ?? [], steps, family), [attempts, steps, family]);
  const now = isOver(job) && job.finished_at ? Date.parse(job.finished_at) : ticking;
  if (error) return <ProblemPanel error={error} />;
  if (all.length === 0) return null;
  const range = span(all, now);
  const shown = whole ? all : latest(all, SHOWN);
  const counts = [
    counted(attempts?.length ?? 0, "attempt", "attempts"),
    counted(steps.length, "step", more ? "steps and more" : "steps"),
    counted(family.length, "child", "children"),
  ];
  return (
    <Section
      title="Timeline"
      aside={<span className="muted">{counts.filter(Boolean).join(", ")}</span>}
    >
      <div className={css.frame}>
        <div className={css.scale} aria-hidden>
          <span>{moment(range.from)}</span>
          <span>{duration((range.to - range.from) / 1000)}</span>
        </div>
        <ol className={css.rows} tabIndex={0} aria-label="What happened when">
          {shown.map((bar) => (
            <Row key={bar.key} bar={bar} at={place(bar, range, now)} now={now} />
          ))}
        </ol>
        {shown.length < all.length && (
          <Button variant="subtle" onClick={() => setWhole(true)}>
            Show all {all.length.toLocaleString()}
          </Button>
        )}
      </div>
    </Section>
  );
}

const counted = (count: number, one: string, many: string) =>
  count > 0 && `${count.toLocaleString()} ${count === 1 ? one : many}`;

function Row({ bar, at, now }: { bar: Bar; at: { left: number; width: number }; now: number }) {
  const took = duration(((bar.end ?? now) - bar.start) / 1000);
  const name = bar.jobId ? (
    <Link to="/jobs/$jobId" params={{ jobId: bar.jobId }} className={css.link}>
      {bar.name}
    </Link>
  ) : (
    bar.name
  );
  return (
    <li
      className={css.row}
      data-kind={bar.kind}
      title={[bar.name, took, bar.note].filter(Boolean).join(" · ")}
    >
      <span className={css.name}>{name}</span>
      <span className={css.lane}>
        <span
          className={css.bar}
          data-open={bar.end === null || undefined}
          style={{ left: `${at.left}%`, width: `${at.width}%`, background: `var(${bar.colour})` }}
        />
      </span>
      <span className={css.took}>{took}</span>
    </li>
  );
}
