/** What a row tells of a key, and what can be done to it. */

import { Button } from "@mantine/core";
import { type Key, standingOf } from "@/hooks/use-keys";
import type { Column } from "@/parts/data-table";
import { Mark } from "@/parts/mark";
import { Ago } from "@/parts/time";
import css from "./keys.module.css";

const LIKE = { active: "succeeded", revoked: "cancelled", expired: "cancelled" } as const;

export function columns({
  now,
  own,
  onRotate,
  onRevoke,
}: {
  now: number;
  /** The key that the caller came with. */
  own: string | null | undefined;
  onRotate: (key: Key) => void;
  onRevoke: (key: Key) => void;
}): Column<Key>[] {
  return [
    {
      name: "Name",
      width: "17%",
      cell: (key) => (
        <span className={css.name} title={key.name}>
          {key.name}
          {key.id === own && <span className="muted"> · yours</span>}
        </span>
      ),
    },
    {
      name: "State",
      width: "96px",
      cell: (key) => {
        const standing = standingOf(key, now);
        return (
          <Mark
            like={LIKE[standing]}
            title={key.revoked_by ? `Revoked by ${key.revoked_by}` : undefined}
          >
            {standing}
          </Mark>
        );
      },
    },
    { name: "Tenant", width: "12%", cell: (key) => <span title={key.tenant}>{key.tenant}</span> },
    {
      name: "Begins with",
      width: "120px",
      wide: true,
      cell: (key) => <span className="mono">{key.prefix}…</span>,
    },
    {
      name: "May",
      whole: true,
      cell: (key) => (
        <span className="muted" title={key.scopes.join(", ")}>
          {key.scopes.join(", ")}
        </span>
      ),
    },
    {
      name: "Last used",
      width: "108px",
      align: "right",
      cell: (key) =>
        key.last_used_at ? (
          <span title={`From ${key.last_used_from}`}>
            <Ago at={key.last_used_at} />
          </span>
        ) : (
          <span className="muted">not yet used</span>
        ),
    },
    {
      name: "Expires",
      width: "88px",
      align: "right",
      wide: true,
      cell: (key) =>
        key.expires_at ? <Ago at={key.expires_at} /> : <span className="muted">never</span>,
    },
    {
      name: "Actions",
      quiet: true,
      width: "148px",
      align: "right",
      cell: (key) =>
        standingOf(key, now) === "active" && (
          <span className={css.buttons}>
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => onRotate(key)}>
              Rotate
            </Button>
            <Button size="compact-xs" variant="default" onClick={() => onRevoke(key)}>
              Revoke
            </Button>
          </span>
        ),
    },
  ];
}
