/** The jobs that failed of one cause: looked at, run again, put aside; one, some or all of them. */

import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import {
  asJobQuery,
  type Decision,
  LETTERS_A_PAGE,
  useDeadLetters,
  useGroups,
} from "@/hooks/use-dead-letters";
import type { Job } from "@/hooks/use-jobs";
import { useKeyset } from "@/hooks/use-keyset";
import { useMay } from "@/hooks/use-me";
import { AskedTable } from "@/parts/asked-table";
import { Can } from "@/parts/can";
import { EmptyState } from "@/parts/empty-state";
import { KeysetPager } from "@/parts/keyset-pager";
import { lazily } from "@/parts/lazily";
import { Page, Panel } from "@/parts/page";
import { Ago } from "@/parts/time";
import { ChosenLetters } from "./chosen-letters";
import css from "./dead-letters.module.css";
import { DecisionDialog } from "./decision-dialog";
import { Inspect } from "./inspect";
import { letterColumns } from "./letter-columns";

const BulkDialog = lazily(() => import("@/parts/bulk-dialog"), "dialog");

export function OneCause({ fingerprint }: { fingerprint: string }) {
  const may = useMay();
  const { cursor, pager } = useKeyset();
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [bulk, setBulk] = useState(false);
  const [looking, setLooking] = useState<Job | null>(null);
  const [asking, setAsking] = useState<{ decision: Decision; job: Job } | null>(null);
  const groups = useGroups({ fingerprint });
  const letters = useDeadLetters({
    fingerprint,
    limit: LETTERS_A_PAGE,
    ...(cursor && { cursor }),
  });
  const rows = letters.data?.data;
  const group = groups.data?.data[0];
  const query = asJobQuery({ fingerprint });
  const operates = may("operate");
  const cells = letterColumns({
    onLook: setLooking,
    onDecide: operates ? (decision, job) => setAsking({ decision, job }) : undefined,
  });
  return (
    <Page
      title={group ? `${group.code} · Dead letters` : "Dead letters of one cause"}
      heading={group ? group.code : "One cause"}
      crumbs={[{ label: "Dead letters", to: "/dead-letters" }]}
      actions={
        <Can scope="operate">
          <Button variant="default" disabled={!rows?.length} onClick={() => setBulk(true)}>
            Change all of them …
          </Button>
        </Can>
      }
    >
      {group && (
        <Panel>
          <div className={css.cause}>
            <p>{group.message}</p>
            <p className={css.facts}>
              <span>{group.type}</span>
              <span>
                {group.count.toLocaleString()} {group.count === 1 ? "job" : "jobs"}
              </span>
              <span>
                first <Ago at={group.first_at} />
              </span>
              <span>
                last <Ago at={group.last_at} />
              </span>
              <Link to="/jobs" search={{ q: query } as never}>
                In the list of jobs
              </Link>
            </p>
          </div>
        </Panel>
      )}
      <AskedTable
        asked={letters}
        label="Dead letters of this cause"
        columns={cells}
        rows={rows}
        keyOf={(job) => job.id}
        selection={operates ? { chosen, onChange: setChosen } : undefined}
        empty={
          <EmptyState
            title="None of this cause is left"
            action={
              <Button component={Link} to="/dead-letters" variant="default">
                All dead letters
              </Button>
            }
          >
            They were redriven or discarded, or their time to be kept is over.
          </EmptyState>
        }
      />
      <KeysetPager {...pager} next={letters.data?.next} busy={letters.isPlaceholderData} />
      <Can scope="operate">
        <ChosenLetters
          jobs={rows?.filter((job) => chosen.has(job.id)) ?? []}
          onClear={() => setChosen(new Set())}
        />
      </Can>
      {asking && (
        <DecisionDialog
          decision={asking.decision}
          jobIds={[asking.job.id]}
          onClose={() => setAsking(null)}
        />
      )}
      {looking && <Inspect job={looking} onClose={() => setLooking(null)} />}
      <Suspense>
        {bulk && (
          <BulkDialog q={query} actions={["redrive", "discard"]} onClose={() => setBulk(false)} />
        )}
      </Suspense>
    </Page>
  );
}
