/** A job's id: the beginning and the end, whole to the clipboard. */

import { ActionIcon, CopyButton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Check, Copy } from "lucide-react";

/** UUIDv7s of one day begin alike: what tells them apart is at the end. */
export const shortId = (id: string) => (id.length > 13 ? `${id.slice(0, 4)}…${id.slice(-8)}` : id);

export function JobId({
  id,
  link = true,
  copy = true,
}: {
  id: string;
  link?: boolean;
  copy?: boolean;
}) {
  const short = <span title={id}>{shortId(id)}</span>;
  return (
    <span className="mono" style={{ display: "inline-flex", alignItems: "center", gap: 4 }}>
      {link ? (
        <Link to="/jobs/$jobId" params={{ jobId: id }} aria-label={`Job ${id}`}>
          {short}
        </Link>
      ) : (
        short
      )}
      {copy && <CopyIt value={id} what="the id" />}
    </span>
  );
}

export function CopyIt({ value, what }: { value: string; what: string }) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <ActionIcon
          size="sm"
          aria-label={`Copy ${what}`}
          data-tip={copied ? "Copied" : `Copy ${what}`}
          onClick={(event) => {
            event.preventDefault();
            event.stopPropagation();
            copy();
          }}
        >
          {copied ? <Check size={13} /> : <Copy size={13} />}
        </ActionIcon>
      )}
    </CopyButton>
  );
}
