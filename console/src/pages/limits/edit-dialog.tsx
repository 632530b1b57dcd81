/** Sets a pool: by a form, or as `haulage.toml` has it, in JSON. */

import { SegmentedControl, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { type Pool, setPool } from "@/hooks/use-limits";
import { Confirm } from "@/parts/confirm";
import { Fields } from "@/parts/fields";
import { PoolForm } from "./pool-form";
import { faultIn, read, written } from "./rows";
import { parsed } from "./settings";

const FIRST = { requests_per_minute: 60 };

export default function EditDialog({ pool, onClose }: { pool: Pool | null; onClose: () => void }) {
  const [name, setName] = useState(pool?.name ?? "");
  const [form, setForm] = useState(() => read(pool ? pool.settings : FIRST));
  // As JSON while it is edited as such; the form is made of it again when one goes back.
  const [text, setText] = useState<string | null>(null);
  const { body, fault } =
    text === null
      ? { body: written(form.rows, form.rest), fault: faultIn(form.rows) }
      : parsed(text);
  const turn = (to: string) => {
    if (to === "json") setText(JSON.stringify(written(form.rows, form.rest), null, 2));
    else if (body) {
      setForm(read(body));
      setText(null);
    }
  };
  const save = async () => {
    if (fault || !body) throw new Error(fault);
    if (!name.trim()) throw new Error("A pool has a name, its provider's.");
    await setPool(name.trim(), body, pool);
  };
  return (
    <Confirm
      opened
      size={640}
      title={pool ? `Set the limits of ${pool.name}` : "Set the limits of another pool"}
      action="Set them"
      onConfirm={save}
      onClose={onClose}
    >
      <Fields>
        {!pool && (
          <TextInput
            label="Name"
            description="The provider's, as in openai:gpt-4o, or that of ctx.limit(…)."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <SegmentedControl
          size="xs"
          aria-label="How it is edited"
          data={[
            { value: "form", label: "Form", disabled: text !== null && !body },
            { value: "json", label: "JSON" },
          ]}
          value={text === null ? "form" : "json"}
          onChange={turn}
        />
        {text === null ? (
          <PoolForm {...form} onChange={setForm} />
        ) : (
          <Textarea
            label="Limits"
            description="requests_per_… and tokens_per_… second to month, concurrency; per_model, per_tenant, models, tenants …"
            error={fault}
            classNames={{ input: "mono" }}
            autosize
            minRows={8}
            maxRows={20}
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        <Text c="dimmed" size="sm">
          In force in all processes within a second; it takes the place of what the file says of
          this pool. What was counted goes on counting.
        </Text>
      </Fields>
    </Confirm>
  );
}
