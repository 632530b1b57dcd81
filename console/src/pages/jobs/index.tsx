/** All jobs: found by a query that lives in the address, changed one by one or all that it means. */

import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { ArrowUp } from "lucide-react";
import { Suspense, useMemo, useRef, useState } from "react";
import { isAway } from "@/api/problem";
import { has, isRelative, read, toggled } from "@/hooks/job-query";
import { useJobs } from "@/hooks/use-jobs";
import { useUrlState } from "@/hooks/use-url-state";
import { Can } from "@/parts/can";
import { DataTable } from "@/parts/data-table";
import { EmptyState } from "@/parts/empty-state";
import { KeysetPager } from "@/parts/keyset-pager";
import { lazily } from "@/parts/lazily";
import { Page } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { columns } from "./columns";
import css from "./jobs.module.css";
import { QueryField } from "./query-field";
import { SavedViews } from "./saved-views";
import { StateChips } from "./state-chips";
import { useScrolled, useSteady } from "./steady";

const BulkDialog = lazily(() => import("@/parts/bulk-dialog"), "dialog");
const ChosenBar = lazily(() => import("./chosen-bar"));

export default function JobsPage() {
  const [state, change] = useUrlState();
  const { q = "", cursor } = state;
  const at = state.at ? Number(state.at) : undefined;
  const number = Number(state.page ?? 1);
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [pointed, setPointed] = useState(false);
  const [bulk, setBulk] = useState(false);
  // What was walked in this visit: a link into the middle of a list knows no way back.
  const walked = useRef<(string | undefined)[]>([]);
  const scrolled = useScrolled(80);
  const jobs = useJobs({ q, cursor, at });
  const view = `${q} ${cursor ?? ""}`;
  const fresh = jobs.isPlaceholderData ? undefined : jobs.data?.data;
  const { rows, newer, show } = useSteady(fresh, view, scrolled || pointed || chosen.size > 0);
  const faults = useMemo(() => read(q, 0).faults, [q]);

  const open = (next: string) => {
    walked.current = [];
    setChosen(new Set());
    change({ q: next, cursor: undefined, page: undefined, at: undefined });
  };
  const walk = (to: string | undefined, page: number) => {
    setChosen(new Set());
    window.scrollTo(0, 0);
    change({
      cursor: to,
      page: to && String(page),
      at: to && isRelative(q) ? String(at ?? jobs.data?.asked) : undefined,
    });
  };
  const cells = columns((tag) => !has(q, "tag", tag) && open(toggled(q, "tag", tag)));

  return (
    <Page
      title="Jobs"
      actions={
        <>
          <Can scope="operate">
            <Button variant="default" onClick={() => setBulk(true)}>
              {q ? "Change all that fit" : "Change many"} …
            </Button>
          </Can>
          <Can scope="submit">
            <Button component={Link} to="/submit">
              Submit a job
            </Button>
          </Can>
        </>
      }
    >
      <div className={css.bar}>
        <QueryField value={q} onApply={open} />
        <SavedViews q={q} onOpen={open} />
      </div>
      <StateChips q={q} onChange={open} />
      {faults.length > 0 && (
        <p className={css.faults} role="status">
          {faults.join(" ")}
        </p>
      )}
      {jobs.error && !(rows && isAway(jobs.error)) && (
        <ProblemPanel error={jobs.error} onRetry={jobs.refetch} />
      )}
      {newer > 0 && (
        <Button
          className={css.newer}
          variant="light"
          radius="xl"
          leftSection={<ArrowUp size={14} />}
          onClick={() => {
            window.scrollTo(0, 0);
            show();
          }}
        >
          {newer === 1 ? "1 newer job" : `${newer} newer jobs`}
        </Button>
      )}
      {rows?.length === 0 ? (
        <EmptyState
          title={q ? "No job fits this filter" : "No jobs yet"}
          action={
            q ? (
              <Button variant="default" onClick={() => open("")}>
                Show all jobs
              </Button>
            ) : (
              <Button component={Link} to="/submit">
                Submit the first one
              </Button>
            )
          }
        >
          {q
            ? "Take a word out of it, or look at all of them."
            : "They appear here as soon as they are accepted."}
        </EmptyState>
      ) : (
        (rows || !jobs.error) && (
          // biome-ignore lint/a11y/noStaticElementInteractions: it only asks whether somebody reads
          <div onMouseEnter={() => setPointed(true)} onMouseLeave={() => setPointed(false)}>
            <DataTable
              label="Jobs"
              columns={cells}
              rows={rows}
              keyOf={(job) => job.id}
              selection={{ chosen, onChange: setChosen }}
              waitingRows={12}
            />
          </div>
        )
      )}
      <KeysetPager
        page={number}
        next={jobs.data?.next}
        busy={jobs.isPlaceholderData}
        onFirst={() => {
          walked.current = [];
          walk(undefined, 1);
        }}
        onBack={walked.current.length ? () => walk(walked.current.pop(), number - 1) : undefined}
        onNext={(next) => {
          walked.current.push(cursor);
          walk(next, number + 1);
        }}
      />
      <Can scope="operate">
        <Suspense>
          {chosen.size > 0 && (
            <ChosenBar
              jobs={rows?.filter((job) => chosen.has(job.id)) ?? []}
              onClear={() => setChosen(new Set())}
            />
          )}
        </Suspense>
      </Can>
      <Suspense>{bulk && <BulkDialog q={q} onClose={() => setBulk(false)} />}</Suspense>
    </Page>
  );
}
