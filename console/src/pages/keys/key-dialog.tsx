/** Makes a key. */

import { Checkbox, TextInput } from "@mantine/core";
import { useState } from "react";
import { makeKey, SCOPES } from "@/hooks/use-keys";
import type { Scope } from "@/hooks/use-me";
import { Confirm } from "@/parts/confirm";
import { endOf, Fields, LifeField, TenantField } from "@/parts/fields";
import css from "./keys.module.css";

export function KeyDialog({
  onMade,
  onClose,
}: {
  onMade: (key: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState("");
  const [tenant, setTenant] = useState("");
  const [scopes, setScopes] = useState<string[]>(["read", "submit"]);
  const [days, setDays] = useState("90");
  const make = async () => {
    const made = await makeKey({
      name: name.trim(),
      tenant: tenant.trim() || null,
      scopes: scopes as Scope[],
      expires_at: endOf(days, Date.now()),
    });
    onMade(made.key);
  };
  return (
    <Confirm opened title="Make a key" action="Make the key" onConfirm={make} onClose={onClose}>
      <Fields>
        <TextInput
          label="Name"
          description="Who it is for. Jobs and the audit show it."
          placeholder="web shop"
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TenantField
          about="A key sees what is its tenant's, nothing else."
          value={tenant}
          onChange={setTenant}
        />
        <Checkbox.Group label="It may" value={scopes} onChange={setScopes}>
          <div className={css.scopes}>
            {SCOPES.map(({ value, means }) => (
              <Checkbox key={value} size="xs" value={value} label={value} description={means} />
            ))}
          </div>
        </Checkbox.Group>
        <LifeField label="It expires" value={days} onChange={setDays} />
      </Fields>
    </Confirm>
  );
}
