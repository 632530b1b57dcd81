/** What a row tells of a request. */

import { Link } from "@tanstack/react-router";
import type { AuditEntry } from "@/hooks/use-audit";
import type { Column } from "@/parts/data-table";
import { CopyIt, JobId, shortId } from "@/parts/job-id";
import { Ago } from "@/parts/time";
import css from "./audit.module.css";
import { deedOf, placeOf } from "./deed";

export const COLUMNS: Column<AuditEntry>[] = [
  {
    name: "Who",
    width: "14%",
    cell: (entry) => (
      <span className={css.who} title={entry.key ? `With the key ${entry.key}` : entry.subject}>
        {entry.subject}
      </span>
    ),
  },
  {
    name: "Did what",
    width: "21%",
    cell: (entry) => <span title={entry.action}>{deedOf(entry.action)}</span>,
  },
  { name: "To what", whole: true, cell: (entry) => <Target entry={entry} /> },
  {
    name: "Tenant",
    width: "10%",
    wide: true,
    cell: (entry) => <span title={entry.tenant}>{entry.tenant}</span>,
  },
  {
    name: "From",
    width: "112px",
    wide: true,
    cell: (entry) => (
      <span className="mono" title={entry.address}>
        {entry.address}
      </span>
    ),
  },
  {
    name: "Request",
    width: "156px",
    wide: true,
    cell: (entry) => (
      <span className="mono" title={`In the logs as request ${entry.request_id}`}>
        {shortId(entry.request_id)} <CopyIt value={entry.request_id} what="the request's id" />
      </span>
    ),
  },
  { name: "When", width: "112px", align: "right", cell: (entry) => <Ago at={entry.at} /> },
];

function Target({ entry }: { entry: AuditEntry }) {
  const place = placeOf(entry);
  if (!place)
    return (
      <span className="muted mono" title={entry.target}>
        {entry.target.replace("/api/v1", "")}
      </span>
    );
  if (place.jobId) return <JobId id={place.jobId} copy={false} />;
  return (
    <Link to={place.to} search={(place.search ?? {}) as never} className={css.link}>
      <span title={entry.target}>{shortName(place.label)}</span>
    </Link>
  );
}

const shortName = (label: string) => (/^[0-9a-f-]{36}$/.test(label) ? shortId(label) : label);
