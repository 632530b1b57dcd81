/** How it goes: what needs somebody, what is there now, what happened lately. */

import { SegmentedControl } from "@mantine/core";
import { useAttention } from "@/hooks/use-attention";
import { useJobList } from "@/hooks/use-jobs";
import { SPANS, type SpanName, spanOf, useStats } from "@/hooks/use-stats";
import { useUrlState } from "@/hooks/use-url-state";
import { Page } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { Attention } from "./attention";
import { Charts } from "./charts";
import { depths, ended } from "./figures";
import { FirstJob } from "./first-job";
import { Numbers } from "./numbers";
import css from "./overview.module.css";
import { Causes, Depths, Pools } from "./panels";

export default function OverviewPage() {
  const [{ span: asked }, change] = useUrlState();
  const span = spanOf(asked);
  const stats = useStats(span);
  const attention = useAttention();
  const quiet = stats.data && !stats.data.total.submitted && !ended(stats.data.total);
  // A span in which nothing happened, or a system in which nothing ever did?
  const ever = useJobList({ limit: 1 }, { enabled: Boolean(quiet) });
  const fresh = quiet && ever.data?.data.length === 0;
  const now = attention.queues && depths(attention.queues);
  return (
    <Page
      title="Overview"
      actions={
        <SegmentedControl
          aria-label="Span"
          size="xs"
          data={Object.entries(SPANS).map(([value, one]) => ({ value, label: one.label }))}
          value={span}
          onChange={(value) => change({ span: value === "1h" ? undefined : (value as SpanName) })}
        />
      }
    >
      <ProblemPanel error={stats.error ?? attention.error} onRetry={attention.refetch} />
      <Attention found={attention.found} />
      {fresh ? (
        <FirstJob />
      ) : (
        <>
          <div className={css.numbers}>
            <Numbers stats={stats.data} span={span} now={now} workers={attention.workers} />
          </div>
          <Charts stats={stats.data} span={span} />
          <div className={css.columns}>
            <Depths queues={attention.queues} />
            <Pools pools={attention.pools} />
            <Causes stats={stats.data} span={span} />
          </div>
        </>
      )}
    </Page>
  );
}
