/** What happened in the span. A stretch that is dragged over leads to its jobs. */

import { Skeleton } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, Suspense, useMemo } from "react";
import { SPANS, type SpanName, type Stats } from "@/hooks/use-stats";
import { lazily } from "@/parts/lazily";
import { Panel, Section } from "@/parts/page";
import { lines, perMinute, picked, seconds } from "./figures";
import css from "./overview.module.css";

const Chart = lazily(() => import("@/parts/chart"));
const HEIGHT = 168;

export function Charts({ stats, span }: { stats: Stats | undefined; span: SpanName }) {
  const navigate = useNavigate();
  const made = useMemo(() => stats && lines(stats), [stats]);
  const open = (q: string) => navigate({ to: "/jobs", search: { q } as never });
  const long = SPANS[span].long;
  const plot = (label: string, chart: (data: NonNullable<typeof made>) => ReactNode) => (
    <Section title={label}>
      <Panel>
        <Suspense fallback={<Skeleton height={HEIGHT + 28} />}>
          {made ? chart(made) : <Skeleton height={HEIGHT + 28} />}
        </Suspense>
      </Panel>
    </Section>
  );
  return (
    <div className={css.charts}>
      {plot("Throughput", ({ at, rate }) => (
        <Chart
          label={`Jobs a minute in the last ${long}`}
          height={HEIGHT}
          times={at}
          format={perMinute}
          series={[
            { label: "Submitted", values: rate("submitted"), colour: "--queued", dashed: true },
            { label: "Succeeded", values: rate("succeeded"), colour: "--succeeded", fill: true },
          ]}
          onPick={(from, to) => open(picked("created", from, to))}
        />
      ))}
      {plot("Failures", ({ at, rate }) => (
        <Chart
          label={`Failed and cancelled jobs a minute in the last ${long}`}
          height={HEIGHT}
          times={at}
          format={perMinute}
          series={[
            { label: "Failed", values: rate("failed"), colour: "--failed", fill: true },
            { label: "Cancelled", values: rate("cancelled"), colour: "--cancelled", dashed: true },
          ]}
          onPick={(from, to) => open(`state:failed ${picked("finished", from, to)}`)}
        />
      ))}
      {plot("Queue latency", ({ at, times }) => (
        <Chart
          label={`Waiting time from due to started in the last ${long}`}
          height={HEIGHT}
          times={at}
          format={seconds}
          series={percentiles(times, "latency")}
          onPick={(from, to) => open(picked("started", from, to))}
        />
      ))}
      {plot("Duration", ({ at, times }) => (
        <Chart
          label={`Time from first start to end in the last ${long}`}
          height={HEIGHT}
          times={at}
          format={seconds}
          series={percentiles(times, "duration")}
          onPick={(from, to) => open(picked("finished", from, to))}
        />
      ))}
    </div>
  );
}

function percentiles(times: ReturnType<typeof lines>["times"], of: "latency" | "duration") {
  return [
    { label: "p50", values: times(of, "p50_s"), colour: "--running", fill: true },
    { label: "p95", values: times(of, "p95_s"), colour: "--scheduled", dashed: true },
  ];
}
