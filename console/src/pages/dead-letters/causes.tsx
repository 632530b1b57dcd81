/** What went wrong, once for each cause, the newest first. */

import { Button, Select, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { Suspense, useState } from "react";
import { asJobQuery, type Group, useGroups } from "@/hooks/use-dead-letters";
import { FIRST_PAGE, useKeyset } from "@/hooks/use-keyset";
import { useTypeNames } from "@/hooks/use-names";
import { useUrlState } from "@/hooks/use-url-state";
import { AskedTable } from "@/parts/asked-table";
import { Can } from "@/parts/can";
import { type Column, leads } from "@/parts/data-table";
import { EmptyState } from "@/parts/empty-state";
import { KeysetPager } from "@/parts/keyset-pager";
import { lazily } from "@/parts/lazily";
import { Page } from "@/parts/page";
import { Ago } from "@/parts/time";
import css from "./dead-letters.module.css";

const BulkDialog = lazily(() => import("@/parts/bulk-dialog"), "dialog");
const GROUPS_A_PAGE = 50;

const COLUMNS: Column<Group>[] = [
  {
    name: "Jobs",
    width: "72px",
    align: "right",
    cell: (group) => <b>{group.count.toLocaleString()}</b>,
  },
  {
    name: "Type",
    width: "17%",
    cell: (group) => (
      <Link
        to="/dead-letters"
        search={{ group: group.fingerprint } as never}
        className={leads}
        title={group.type}
      >
        {group.type}
      </Link>
    ),
  },
  {
    name: "Error",
    width: "17%",
    cell: (group) => (
      <span className="mono" title={group.code}>
        {group.code}
      </span>
    ),
  },
  {
    name: "What the newest says",
    whole: true,
    cell: (group) => (
      <span className="muted" title={group.message}>
        {group.message}
      </span>
    ),
  },
  {
    name: "First",
    width: "96px",
    align: "right",
    wide: true,
    cell: (g) => <Ago at={g.first_at} />,
  },
  { name: "Last", width: "96px", align: "right", cell: (group) => <Ago at={group.last_at} /> },
];

export function Causes() {
  const [{ type, text }, change] = useUrlState();
  const { cursor, pager } = useKeyset();
  const [bulk, setBulk] = useState(false);
  const [typed, setTyped] = useState(text ?? "");
  // Asked for when somebody is about to choose.
  const [choosing, setChoosing] = useState(false);
  const types = useTypeNames(choosing);
  const filters = { ...(type && { type: [type] }), ...(text && { text }) };
  const groups = useGroups({ ...filters, limit: GROUPS_A_PAGE, ...(cursor && { cursor }) });
  const rows = groups.data?.data;
  const narrowed = Boolean(type || text);
  const show = (changes: Record<string, string | undefined>) =>
    change({ ...changes, ...FIRST_PAGE });
  return (
    <Page
      title="Dead letters"
      actions={
        <Can scope="operate">
          <Button variant="default" disabled={!rows?.length} onClick={() => setBulk(true)}>
            {narrowed ? "Change all that fit" : "Change all"} …
          </Button>
        </Can>
      }
    >
      <form
        className={css.bar}
        onSubmit={(event) => {
          event.preventDefault();
          show({ text: typed.trim() });
        }}
      >
        <TextInput
          aria-label="Words in the error"
          placeholder="Words in the error"
          leftSection={<Search size={14} />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onBlur={() => typed.trim() !== (text ?? "") && show({ text: typed.trim() })}
        />
        <Select
          aria-label="Job type"
          placeholder="All types"
          data={types.data ?? (type ? [type] : [])}
          value={type ?? null}
          onChange={(value) => show({ type: value ?? undefined })}
          onFocus={() => setChoosing(true)}
          searchable
          clearable
          clearButtonProps={{ "aria-label": "All types" }}
        />
        {/* Enter in a form of two fields needs a button to press. */}
        <button type="submit" className="visually-hidden" tabIndex={-1}>
          Look
        </button>
      </form>
      <AskedTable
        asked={groups}
        label="Dead letters by cause"
        columns={COLUMNS}
        rows={rows}
        keyOf={(group) => group.fingerprint}
        empty={
          <EmptyState
            title={narrowed ? "No dead letter fits this filter" : "No dead letters"}
            action={
              narrowed && (
                <Button
                  variant="default"
                  onClick={() => {
                    setTyped("");
                    show({ type: undefined, text: undefined });
                  }}
                >
                  Show all of them
                </Button>
              )
            }
          >
            {narrowed
              ? "Take a word out of it, or look at all of them."
              : "A job that fails for good waits here, beside the others of its cause, until somebody redrives or discards it."}
          </EmptyState>
        }
      />
      <KeysetPager {...pager} next={groups.data?.next} busy={groups.isPlaceholderData} />
      <Suspense>
        {bulk && (
          <BulkDialog
            q={asJobQuery(filters)}
            actions={["redrive", "discard"]}
            onClose={() => setBulk(false)}
          />
        )}
      </Suspense>
    </Page>
  );
}
