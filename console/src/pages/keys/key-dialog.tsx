/** Makes a key. */

import { Checkbox, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { makeKey, SCOPES } from "@/hooks/use-keys";
import { type Scope, useMe } from "@/hooks/use-me";
import { Confirm } from "@/parts/confirm";
import css from "./keys.module.css";

const DAY_MS = 86_400_000;
const LIVES = [
  { value: "", label: "Never" },
  { value: "1", label: "In a day" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
];

export function KeyDialog({
  onMade,
  onClose,
}: {
  onMade: (key: string) => void;
  onClose: () => void;
}) {
  const { me } = useMe();
  const [name, setName] = useState("");
  const [tenant, setTenant] = useState("");
  const [scopes, setScopes] = useState<string[]>(["read", "submit"]);
  const [days, setDays] = useState("90");
  const make = async () => {
    const made = await makeKey({
      name: name.trim(),
      tenant: tenant.trim() || null,
      scopes: scopes as Scope[],
      expires_at: days ? new Date(Date.now() + Number(days) * DAY_MS).toISOString() : null,
    });
    onMade(made.key);
  };
  return (
    <Confirm opened title="Make a key" action="Make the key" onConfirm={make} onClose={onClose}>
      <div className={css.fields}>
        <TextInput
          label="Name"
          description="Who it is for. Jobs and the audit show it."
          placeholder="web shop"
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="Tenant"
          description="A key sees what is its tenant's, nothing else."
          placeholder={me?.tenant}
          maxLength={100}
          value={tenant}
          onChange={(event) => setTenant(event.currentTarget.value)}
        />
        <Checkbox.Group label="It may" value={scopes} onChange={setScopes}>
          <div className={css.scopes}>
            {SCOPES.map(({ value, means }) => (
              <Checkbox key={value} size="xs" value={value} label={value} description={means} />
            ))}
          </div>
        </Checkbox.Group>
        <Select
          label="It expires"
          data={LIVES}
          value={days}
          allowDeselect={false}
          onChange={(value) => setDays(value ?? "")}
        />
      </div>
    </Confirm>
  );
}
