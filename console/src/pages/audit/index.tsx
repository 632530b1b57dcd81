/** Who did what, when: every request to change something, by somebody who was let in. */

import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { useAudit } from "@/hooks/use-audit";
import { FIRST_PAGE, useKeyset } from "@/hooks/use-keyset";
import { useUrlState } from "@/hooks/use-url-state";
import { AskedTable } from "@/parts/asked-table";
import { EmptyState } from "@/parts/empty-state";
import { KeysetPager } from "@/parts/keyset-pager";
import { Page } from "@/parts/page";
import css from "./audit.module.css";
import { COLUMNS } from "./columns";

export default function AuditPage() {
  const [{ job = "", tenant = "" }, change] = useUrlState();
  const { cursor, pager } = useKeyset();
  const [typed, setTyped] = useState({ job, tenant });
  const audit = useAudit({
    ...(job && { job_id: job }),
    ...(tenant && { tenant }),
    limit: 50,
    ...(cursor && { cursor }),
  });
  const rows = audit.data?.data;
  const show = (next: typeof typed) => {
    setTyped(next);
    if (next.job.trim() === job && next.tenant.trim() === tenant) return;
    change({ job: next.job.trim(), tenant: next.tenant.trim(), ...FIRST_PAGE });
  };
  return (
    <Page title="Audit">
      <form
        className={css.bar}
        onSubmit={(event) => {
          event.preventDefault();
          show(typed);
        }}
      >
        <TextInput
          aria-label="Id of a job"
          placeholder="Id of a job"
          value={typed.job}
          onChange={(event) => setTyped({ ...typed, job: event.currentTarget.value })}
          onBlur={() => show(typed)}
        />
        <TextInput
          aria-label="Tenant"
          placeholder="Tenant"
          value={typed.tenant}
          onChange={(event) => setTyped({ ...typed, tenant: event.currentTarget.value })}
          onBlur={() => show(typed)}
        />
        {/* Enter in a form of two fields needs a button to press. */}
        <button type="submit" className="visually-hidden" tabIndex={-1}>
          Look
        </button>
      </form>
      <AskedTable
        asked={audit}
        label="Audit"
        columns={COLUMNS}
        rows={rows}
        keyOf={(entry) => entry.id}
        empty={
          <EmptyState
            title={
              job || tenant ? "Nobody asked for anything that fits" : "Nothing was asked for yet"
            }
            action={
              (job || tenant) && (
                <Button variant="default" onClick={() => show({ job: "", tenant: "" })}>
                  Show all of it
                </Button>
              )
            }
          >
            Every request to change something is written here before it is done. Where callers are
            not asked who they are, nothing is.
          </EmptyState>
        }
      />
      <KeysetPager {...pager} next={audit.data?.next} busy={audit.isPlaceholderData} />
    </Page>
  );
}
