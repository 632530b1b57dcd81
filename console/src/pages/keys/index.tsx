/** Who may call: API keys, made, replaced and revoked. */

import { Button, Checkbox, Select } from "@mantine/core";
import { useState } from "react";
import { type Key, revokeKey, rotateKey, standingOf, useKeys } from "@/hooks/use-keys";
import { useMe } from "@/hooks/use-me";
import { useUrlState } from "@/hooks/use-url-state";
import { AskedTable } from "@/parts/asked-table";
import { Can } from "@/parts/can";
import { Confirm } from "@/parts/confirm";
import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";
import { SecretOnce } from "@/parts/secret-once";
import { columns } from "./columns";
import { KeyDialog } from "./key-dialog";
import css from "./keys.module.css";

const OVERLAPS = [
  { value: "0", label: "At once" },
  { value: "3600", label: "After an hour" },
  { value: "86400", label: "After a day" },
  { value: "604800", label: "After a week" },
];

export default function KeysPage() {
  const { me } = useMe();
  const [{ tenant, all }, change] = useUrlState();
  const keys = useKeys(undefined);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const [rotating, setRotating] = useState<Key | null>(null);
  const [revoking, setRevoking] = useState<Key | null>(null);
  const [overlapS, setOverlapS] = useState("86400");
  const now = keys.dataUpdatedAt;
  const ofTenant = keys.data?.filter((key) => !tenant || key.tenant === tenant);
  const rows = ofTenant?.filter((key) => all || standingOf(key, now) === "active");
  const hidden = (ofTenant?.length ?? 0) - (rows?.length ?? 0);
  const tenants = [...new Set(keys.data?.map((key) => key.tenant))].sort();
  return (
    <Page
      title="Keys"
      actions={
        <Can scope="admin">
          <Button onClick={() => setMaking(true)}>Make a key</Button>
        </Can>
      }
    >
      <div className={css.bar}>
        <Select
          aria-label="Tenant"
          placeholder="All tenants"
          data={tenants}
          value={tenant ?? null}
          onChange={(value) => change({ tenant: value ?? undefined })}
          searchable
          clearable
          clearButtonProps={{ "aria-label": "All tenants" }}
        />
        <Checkbox
          size="xs"
          label={
            hidden ? `Also those that count no more (${hidden})` : "Also those that count no more"
          }
          checked={Boolean(all)}
          onChange={(event) => change({ all: event.currentTarget.checked ? "1" : undefined })}
        />
      </div>
      <AskedTable
        asked={keys}
        label="Keys"
        columns={columns({
          now,
          own: me?.key,
          onRotate: setRotating,
          onRevoke: setRevoking,
        })}
        rows={rows}
        keyOf={(key) => key.id}
        waitingRows={4}
        empty={
          <EmptyState title={tenant ? `${tenant} has no key that counts` : "No key counts"}>
            A key says who calls, for which tenant, and what they may do.
          </EmptyState>
        }
      />
      {making && <KeyDialog onMade={setMade} onClose={() => setMaking(false)} />}
      {rotating && (
        <Confirm
          opened
          title={`Replace the key of ${rotating.name}?`}
          action="Make its successor"
          onConfirm={async () => setMade((await rotateKey(rotating.id, Number(overlapS))).key)}
          onClose={() => setRotating(null)}
        >
          Its successor has the same name, tenant and scopes. Until the old one ends, both count.
          <Select
            mt="sm"
            label="The old one ends"
            data={OVERLAPS}
            value={overlapS}
            allowDeselect={false}
            onChange={(value) => value && setOverlapS(value)}
          />
        </Confirm>
      )}
      {revoking && (
        <Confirm
          opened
          danger
          title={`Revoke the key of ${revoking.name}?`}
          action="Revoke the key"
          onConfirm={() => revokeKey(revoking.id)}
          onClose={() => setRevoking(null)}
        >
          Who calls with it is refused from now on; it does not come back. Jobs that it submitted go
          on.
          {revoking.id === me?.key && (
            <p>
              <b>You are signed in with this key:</b> you will be signed out.
            </p>
          )}
        </Confirm>
      )}
      {made && (
        <SecretOnce title="The new key" secret={made} what="the key" onClose={() => setMade(null)}>
          It goes into the header: <code>Authorization: Bearer hlg_…</code>
        </SecretOnce>
      )}
    </Page>
  );
}
