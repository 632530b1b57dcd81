/** The limits of a pool, a row each: how many, of what, by whom. */

import { ActionIcon, Button, NumberInput, Select, TextInput } from "@mantine/core";
import { Plus, X } from "lucide-react";
import css from "./limits.module.css";
import { MEASURES, type Row, WHOM, type Whom } from "./rows";

const WHO = Object.entries(WHOM).map(([value, { label }]) => ({ value, label }));

export function LimitRows({ rows, onChange }: { rows: Row[]; onChange: (rows: Row[]) => void }) {
  const set = (id: number, changes: Partial<Row>) =>
    onChange(rows.map((row) => (row.id === id ? { ...row, ...changes } : row)));
  const add = () => {
    const id = Math.max(-1, ...rows.map((row) => row.id)) + 1;
    const free = MEASURES.find(({ value }) =>
      rows.every((row) => row.whom !== "pool" || row.measure !== value),
    );
    const measure = free?.value ?? "concurrency";
    onChange([...rows, { id, whom: "pool", name: "", measure, amount: "", more: {} }]);
  };
  return (
    <fieldset className={css.rows}>
      <legend>At most</legend>
      {rows.map((row, at) => (
        <div key={row.id} className={css.row}>
          <NumberInput
            aria-label={`Limit ${at + 1}: how many`}
            min={1}
            allowDecimal={false}
            allowNegative={false}
            thousandSeparator=","
            hideControls
            value={row.amount}
            onChange={(amount) => set(row.id, { amount: typeof amount === "number" ? amount : "" })}
          />
          <Select
            aria-label={`Limit ${at + 1}: of what`}
            data={MEASURES}
            allowDeselect={false}
            searchable
            value={row.measure}
            onChange={(measure) => measure && set(row.id, { measure })}
          />
          <Select
            aria-label={`Limit ${at + 1}: by whom`}
            data={WHO}
            allowDeselect={false}
            value={row.whom}
            onChange={(whom) => whom && set(row.id, { whom: whom as Whom })}
          />
          {WHOM[row.whom].named && (
            <TextInput
              className={css.whose}
              aria-label={`Limit ${at + 1}: whose`}
              placeholder="its name"
              maxLength={200}
              value={row.name}
              onChange={(event) => set(row.id, { name: event.currentTarget.value })}
            />
          )}
          <ActionIcon
            aria-label={`Take limit ${at + 1} away`}
            onClick={() => onChange(rows.filter((one) => one.id !== row.id))}
          >
            <X size={14} />
          </ActionIcon>
          {Object.keys(row.more).length > 0 && (
            <span className={css.more}>
              {Object.entries(row.more)
                .map(([name, value]) => `${name} ${value}`)
                .join(", ")}
            </span>
          )}
        </div>
      ))}
      <Button variant="default" leftSection={<Plus size={14} />} onClick={add}>
        {rows.length ? "Another limit" : "Add a limit"}
      </Button>
    </fieldset>
  );
}
