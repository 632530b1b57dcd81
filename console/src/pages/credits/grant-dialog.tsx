/** Gives credits to a tenant. */

import { NumberInput, Select, TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import { grant } from "@/hooks/use-credits";
import { useMe } from "@/hooks/use-me";
import { Confirm } from "@/parts/confirm";
import css from "./credits.module.css";

const DAY_MS = 86_400_000;
const LIVES = [
  { value: "", label: "Never" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
];

export function GrantDialog({ onClose }: { onClose: () => void }) {
  const { me } = useMe();
  const [tenant, setTenant] = useState("");
  const [amount, setAmount] = useState<number | string>(1000);
  const [days, setDays] = useState("");
  const [note, setNote] = useState("");
  const [reference, setReference] = useState("");
  // Under one reference a grant counts once: a second press, or one after a lost answer, gives no more.
  // It has to ask for the same then, so its end is counted from one moment.
  const own = useRef(`console ${crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`}`);
  const [opened] = useState(() => Date.now());
  const give = () =>
    grant({
      amount: Number(amount),
      tenant: tenant.trim() || null,
      expires_at: days ? new Date(opened + Number(days) * DAY_MS).toISOString() : null,
      note: note.trim() || null,
      reference: reference.trim() || own.current,
    });
  const to = tenant.trim() || me?.tenant || "your tenant";
  return (
    <Confirm
      opened
      title="Give credits"
      action={`Give ${Number(amount).toLocaleString()} to ${to}`}
      onConfirm={give}
      onClose={onClose}
    >
      <div className={css.fields}>
        <NumberInput
          label="Credits"
          min={1}
          allowDecimal={false}
          allowNegative={false}
          thousandSeparator=","
          value={amount}
          onChange={setAmount}
        />
        <TextInput
          label="Tenant"
          description="A first grant opens its account: from then on its jobs are charged."
          placeholder={me?.tenant}
          maxLength={100}
          value={tenant}
          onChange={(event) => setTenant(event.currentTarget.value)}
        />
        <Select
          label="They expire"
          data={LIVES}
          value={days}
          allowDeselect={false}
          onChange={(value) => setDays(value ?? "")}
        />
        <TextInput
          label="Reference"
          description="Your own name for it, such as an invoice: under one, a grant counts once."
          maxLength={200}
          value={reference}
          onChange={(event) => setReference(event.currentTarget.value)}
        />
        <TextInput
          label="Note"
          maxLength={200}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
      </div>
    </Confirm>
  );
}
