/** Every move of credits, newest first. */

import { Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { type Entry, effectOf, KINDS, useEntries } from "@/hooks/use-credits";
import { FIRST_PAGE, useKeyset } from "@/hooks/use-keyset";
import { useUrlState } from "@/hooks/use-url-state";
import { AskedTable } from "@/parts/asked-table";
import type { Column } from "@/parts/data-table";
import { EmptyState } from "@/parts/empty-state";
import { JobId } from "@/parts/job-id";
import { KeysetPager } from "@/parts/keyset-pager";
import { Section } from "@/parts/page";
import { Ago } from "@/parts/time";
import css from "./credits.module.css";

const COLUMNS: Column<Entry>[] = [
  { name: "What", width: "20%", cell: (entry) => KINDS[entry.kind] },
  {
    name: "Credits",
    width: "96px",
    align: "right",
    cell: (entry) => entry.amount.toLocaleString(),
  },
  {
    name: "Available",
    width: "96px",
    align: "right",
    cell: (entry) => {
      const effect = effectOf(entry);
      return (
        <span className={effect === "0" ? "muted" : effect.startsWith("+") ? css.gain : undefined}>
          {effect}
        </span>
      );
    },
  },
  {
    name: "Moved",
    width: "22%",
    wide: true,
    cell: (entry) => (
      <span className="muted">
        {entry.source} → {entry.target}
      </span>
    ),
  },
  {
    name: "For",
    cell: (entry) =>
      entry.job_id ? (
        <>
          <JobId id={entry.job_id} copy={false} />
          {(entry.run ?? 1) > 1 && <span className="muted"> run {entry.run}</span>}
        </>
      ) : null,
  },
  { name: "When", width: "108px", align: "right", cell: (entry) => <Ago at={entry.at} /> },
];

export function Ledger() {
  const [{ kind, job }, change] = useUrlState();
  const { cursor, pager } = useKeyset();
  const [typed, setTyped] = useState(job ?? "");
  const entries = useEntries({
    ...(kind && { kind: [kind as Entry["kind"]] }),
    ...(job && { job }),
    limit: 50,
    ...(cursor && { cursor }),
  });
  const rows = entries.data?.data;
  const narrowed = Boolean(kind || job);
  const look = (next: string) => next !== (job ?? "") && change({ job: next, ...FIRST_PAGE });
  return (
    <Section title="Ledger">
      <form
        className={css.bar}
        onSubmit={(event) => {
          event.preventDefault();
          look(typed.trim());
        }}
      >
        <Select
          aria-label="Kind of move"
          placeholder="All moves"
          data={Object.entries(KINDS).map(([value, label]) => ({ value, label }))}
          value={kind ?? null}
          onChange={(value) => change({ kind: value ?? undefined, ...FIRST_PAGE })}
          clearable
          clearButtonProps={{ "aria-label": "All moves" }}
        />
        <TextInput
          aria-label="Id of a job"
          placeholder="Id of a job"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onBlur={() => look(typed.trim())}
        />
        {/* Enter in a form of two fields needs a button to press. */}
        <button type="submit" className="visually-hidden" tabIndex={-1}>
          Look
        </button>
      </form>
      <AskedTable
        asked={entries}
        label="Ledger"
        columns={COLUMNS}
        rows={rows}
        keyOf={(entry) => String(entry.id)}
        empty={
          <EmptyState
            title={narrowed ? "No entry fits" : "Nothing has moved yet"}
            action={
              narrowed && (
                <Button
                  variant="default"
                  onClick={() => {
                    setTyped("");
                    change({ kind: undefined, job: undefined, ...FIRST_PAGE });
                  }}
                >
                  Show all of them
                </Button>
              )
            }
          >
            {narrowed
              ? "Take the kind or the job out of the filter."
              : "A job's price is reserved when it is submitted, charged when it succeeds, given back when it does not."}
          </EmptyState>
        }
      />
      <KeysetPager {...pager} next={entries.data?.next} busy={entries.isPlaceholderData} />
    </Section>
  );
}
