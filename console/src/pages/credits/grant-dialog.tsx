/** Gives credits to a tenant. */

import { NumberInput, TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import { grant } from "@/hooks/use-credits";
import { useMe } from "@/hooks/use-me";
import { Confirm } from "@/parts/confirm";
import { endOf, Fields, LifeField, TenantField } from "@/parts/fields";

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
      expires_at: endOf(days, opened),
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
      <Fields>
        <NumberInput
          label="Credits"
          min={1}
          allowDecimal={false}
          allowNegative={false}
          thousandSeparator=","
          value={amount}
          onChange={setAmount}
        />
        <TenantField
          about="A first grant opens its account: from then on its jobs are charged."
          value={tenant}
          onChange={setTenant}
        />
        <LifeField label="They expire" value={days} onChange={setDays} />
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
      </Fields>
    </Confirm>
  );
}
