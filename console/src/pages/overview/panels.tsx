/** Below the charts: the queues, the tightest limit of each provider, what jobs failed of. */

import { Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { written } from "@/hooks/job-query";
import type { Pool } from "@/hooks/use-limits";
import type { Queue } from "@/hooks/use-queues";
import type { SpanName, Stats } from "@/hooks/use-stats";
import { JobCount } from "@/parts/job-count";
import { Meter } from "@/parts/meter";
import { Panel, Section } from "@/parts/page";
import { causes } from "./figures";
import css from "./overview.module.css";

export function Depths({ queues }: { queues: Queue[] | undefined }) {
  return (
    <Section title="Queues" aside={<More to="/queues">All queues</More>}>
      <List waiting={!queues}>
        {queues?.map((one) => (
          <li key={one.name}>
            <span className={css.named}>{one.name}</span>
            <span>
              <JobCount
                count={one.waiting}
                q={`${written("queue", one.name)} state:queued`}
                what={`queued jobs in ${one.name}`}
              />{" "}
              <span className="muted">waiting</span>
            </span>
            <span>
              <JobCount
                count={one.running}
                q={`${written("queue", one.name)} state:running`}
                what={`running jobs in ${one.name}`}
              />{" "}
              <span className="muted">running</span>
            </span>
          </li>
        ))}
      </List>
    </Section>
  );
}

/** Of each pool the limit that has least room. */
export function Pools({ pools }: { pools: Pool[] | undefined }) {
  return (
    <Section title="Provider limits" aside={<More to="/limits">All limits</More>}>
      <List waiting={!pools} empty={pools?.length === 0 && "No limits are set."}>
        {pools?.map((pool) => {
          const limits = (pool.limits ?? []).filter((one) => one.limit > 0);
          const [tight] = limits.sort((a, b) => a.remaining / a.limit - b.remaining / b.limit);
          const used = tight ? Math.max(0, tight.limit - tight.remaining) : 0;
          return (
            <li key={pool.name}>
              <span className={css.named}>{pool.name}</span>
              {tight ? (
                <span className={css.tight}>
                  <Meter label={`${pool.name}: ${tight.name}`} used={used} most={tight.limit} />
                  <span className="muted ellipsis">
                    {used.toLocaleString()} of {tight.limit.toLocaleString()} {tight.name}
                  </span>
                </span>
              ) : (
                <span className="muted">{pool.limits ? "Nothing is counted" : "Unknown"}</span>
              )}
            </li>
          );
        })}
      </List>
    </Section>
  );
}

export function Causes({ stats, span }: { stats: Stats | undefined; span: SpanName }) {
  const found = stats && causes(stats.total.failures, span);
  return (
    <Section title="What jobs failed of" aside={<More to="/dead-letters">Dead letters</More>}>
      <List waiting={!found} empty={found?.length === 0 && "Nothing failed in this span."}>
        {found?.map((one) => (
          <li key={one.code}>
            <span className={css.named}>{one.code.replaceAll("_", " ")}</span>
            <JobCount count={one.count} q={one.q} what={`jobs failed: ${one.code}`} />
          </li>
        ))}
      </List>
    </Section>
  );
}

function List({
  waiting,
  empty,
  children,
}: {
  waiting: boolean;
  empty?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Panel flush>
      {waiting ? (
        <div className={css.skeleton}>
          <Skeleton height={12} width="80%" />
          <Skeleton height={12} width="60%" />
        </div>
      ) : empty ? (
        <p className={css.nothing}>{empty}</p>
      ) : (
        <ul className={css.list}>{children}</ul>
      )}
    </Panel>
  );
}

function More({ to, children }: { to: string; children: ReactNode }) {
  return (
    <Link to={to} className={css.more}>
      {children}
    </Link>
  );
}
