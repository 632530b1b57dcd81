/** Sets a pool: as `haulage.toml` has it, in JSON. */

import { Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { type Pool, readPool, setPool } from "@/hooks/use-limits";
import { Confirm } from "@/parts/confirm";
import css from "./limits.module.css";
import { compact, parsed } from "./settings";

export function EditDialog({ pool, onClose }: { pool: Pool | null; onClose: () => void }) {
  const [name, setName] = useState(pool?.name ?? "");
  const [before] = useState(() => pool && JSON.stringify(compact(pool.settings)));
  const [text, setText] = useState(() =>
    JSON.stringify(pool ? compact(pool.settings) : { requests_per_minute: 60 }, null, 2),
  );
  const { body, fault } = parsed(text);
  const save = async () => {
    if (!body || !name.trim()) throw new Error(fault ?? "A pool has a name, its provider's.");
    // The API takes what is put last: look first whether somebody else was quicker.
    if (pool && JSON.stringify(compact((await readPool(name)).settings)) !== before)
      throw new Error("Somebody has set this pool since. Close this and begin anew with theirs.");
    await setPool(name.trim(), body);
  };
  return (
    <Confirm
      opened
      title={pool ? `Set the limits of ${pool.name}` : "Set the limits of another pool"}
      action="Set them"
      onConfirm={save}
      onClose={onClose}
    >
      <div className={css.form}>
        {!pool && (
          <TextInput
            label="Name"
            description="The provider's, as in openai:gpt-4o, or that of ctx.limit(…)."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
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
        <Text c="dimmed" size="sm">
          In force in all processes within a second; it takes the place of what the file says of
          this pool. What was counted goes on counting.
        </Text>
      </div>
    </Confirm>
  );
}
