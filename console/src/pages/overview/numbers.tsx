/** The numbers of now and of the span; each leads to the list behind it. */

import { SPANS, type SpanName, type Stats as StatsDocument } from "@/hooks/use-stats";
import type { Worker } from "@/hooks/use-workers";
import { Stat, Stats } from "@/parts/stat";
import { duration } from "@/parts/time";
import { type depths, ended, perMinute } from "./figures";

export function Numbers({
  stats,
  span,
  now,
  workers,
}: {
  stats: StatsDocument | undefined;
  span: SpanName;
  now: ReturnType<typeof depths> | undefined;
  workers: Worker[] | undefined;
}) {
  const total = stats?.total;
  const over = total ? ended(total) : 0;
  const within = `finished:<${span}`;
  const free = workers?.reduce((sum, one) => sum + Math.max(0, one.slots - one.in_flight), 0);
  const jobs = (q: string) => ({ to: "/jobs", search: { q } });
  return (
    <Stats>
      <Stat
        label="Waiting"
        value={now?.waiting.toLocaleString() ?? "–"}
        {...jobs("state:queued")}
      />
      <Stat
        label="Oldest waiting"
        value={now?.oldest ? duration(now.oldest.seconds) : "–"}
        note={now?.oldest && `in ${now.oldest.queue}`}
        {...jobs(now?.oldest ? `state:queued queue:${now.oldest.queue}` : "state:queued")}
      />
      <Stat
        label="Running"
        value={now?.running.toLocaleString() ?? "–"}
        note={now && now.scheduled > 0 && `${now.scheduled.toLocaleString()} scheduled`}
        {...jobs("state:running")}
      />
      <Stat
        label="Workers"
        value={workers?.length.toLocaleString() ?? "–"}
        note={free !== undefined && `${free.toLocaleString()} free slots`}
        to="/workers"
      />
      <Stat
        label="Ended"
        value={total ? over.toLocaleString() : "–"}
        note={total && perMinute((over * 60) / SPANS[span].seconds)}
        {...jobs(within)}
      />
      <Stat
        label="Failed"
        value={total?.failed.toLocaleString() ?? "–"}
        tone={total?.failed ? "failed" : undefined}
        note={over > 0 && total && `${share(total.failed / over)} of what ended`}
        {...jobs(`state:failed ${within}`)}
      />
      <Stat
        label="Wait, median"
        value={total?.latency ? duration(total.latency.p50_s) : "–"}
        note={total?.latency && `95 % within ${duration(total.latency.p95_s)}`}
        {...jobs(`started:<${span}`)}
      />
      <Stat
        label="Duration, median"
        value={total?.duration ? duration(total.duration.p50_s) : "–"}
        note={total?.duration && `95 % within ${duration(total.duration.p95_s)}`}
        {...jobs(within)}
      />
    </Stats>
  );
}

const share = (part: number) =>
  part.toLocaleString(undefined, { style: "percent", maximumFractionDigits: 1 });
