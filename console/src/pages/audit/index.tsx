/** Who did what, when: every request to change something, by somebody who was let in. */

import { Autocomplete, Button } from "@mantine/core";
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

const FIELDS = {
  actor: "Who: a name, or a key's id",
  action: "What for: a part of it",
  job: "Id of a job",
  tenant: "Tenant",
};
type Field = keyof typeof FIELDS;
/** Parts of actions that people look for; any other may be typed. */
const DEEDS = [
  ...["cancel", "retry", "redrive", "discard", "bulk", "pause", "resume", "drain", "run", "rotate"],
  ...["/files", "/keys", "/limits", "/schedules", "/webhooks", "/credits/grants"],
];

export default function AuditPage() {
  const [state, change] = useUrlState();
  const { cursor, pager } = useKeyset();
  const asked = each((field) => state[field] ?? "");
  const [typed, setTyped] = useState(asked);
  const { actor, action, job, tenant } = asked;
  const audit = useAudit({
    ...(actor && { actor }),
    ...(action && { action }),
    ...(job && { job_id: job }),
    ...(tenant && { tenant }),
    limit: 50,
    ...(cursor && { cursor }),
  });
  const rows = audit.data?.data;
  const narrowed = Object.values(asked).some(Boolean);
  const show = (next: typeof typed) => {
    setTyped(next);
    const wanted = each((field) => next[field].trim());
    if (Object.keys(FIELDS).some((field) => wanted[field as Field] !== asked[field as Field]))
      change({ ...wanted, ...FIRST_PAGE });
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
        {Object.entries(FIELDS).map(([field, label]) => (
          <Autocomplete
            key={field}
            aria-label={label}
            placeholder={label}
            data={field === "action" ? DEEDS : []}
            value={typed[field as Field]}
            onChange={(value) => setTyped({ ...typed, [field]: value })}
            onOptionSubmit={(value) => show({ ...typed, [field]: value })}
            onBlur={() => show(typed)}
          />
        ))}
        {/* Enter in a form of several fields needs a button to press. */}
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
            title={narrowed ? "Nobody asked for anything that fits" : "Nothing was asked for yet"}
            action={
              narrowed && (
                <Button variant="default" onClick={() => show(each(() => ""))}>
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

const each = (value: (field: Field) => string): Record<Field, string> => ({
  actor: value("actor"),
  action: value("action"),
  job: value("job"),
  tenant: value("tenant"),
});
