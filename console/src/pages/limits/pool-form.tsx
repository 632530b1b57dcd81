/** A pool's settings in fields: its limits, how they count, when its breaker opens. */

import { Autocomplete, NumberInput, Select, Text } from "@mantine/core";
import { LimitRows } from "./limit-rows";
import css from "./limits.module.css";
import { beside, type Row } from "./rows";

const STRATEGIES = [
  { value: "rolling", label: "in any span of that length" },
  { value: "fixed", label: "by the calendar" },
  { value: "bucket", label: "steadily, as a bucket refills" },
];
const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
const FIELDS = ["strategy", "timezone", "breaker_failures", "breaker_open_s"];

type Form = { rows: Row[]; rest: Record<string, unknown> };

export function PoolForm({ rows, rest, onChange }: Form & { onChange: (form: Form) => void }) {
  const set = (name: string, value: unknown) => {
    const { [name]: _, ...others } = rest;
    const said = value !== null && value !== "" && value !== undefined;
    onChange({ rows, rest: said ? { ...others, [name]: value } : others });
  };
  const amount = (name: string) => ({
    value: (rest[name] as number | undefined) ?? "",
    onChange: (value: number | string) => set(name, value),
    min: 0,
    allowNegative: false,
    placeholder: "as usual",
  });
  const more = beside(rest, FIELDS);
  return (
    <>
      <LimitRows rows={rows} onChange={(next) => onChange({ rows: next, rest })} />
      <div className={css.pair}>
        <Select
          label="Periods count"
          description="Those of limits that do not say their own."
          data={STRATEGIES}
          allowDeselect={false}
          value={(rest.strategy as string | undefined) ?? "rolling"}
          onChange={(value) => set("strategy", value)}
        />
        <Autocomplete
          label="Time zone"
          description="Of periods by the calendar."
          data={ZONES}
          limit={50}
          placeholder="UTC"
          value={(rest.timezone as string | undefined) ?? ""}
          onChange={(value) => set("timezone", value)}
        />
        <NumberInput
          label="Breaker opens after"
          description="Failures in a row; 0: never."
          allowDecimal={false}
          {...amount("breaker_failures")}
        />
        <NumberInput
          label="It stays open for"
          description="Seconds, until one call probes."
          {...amount("breaker_open_s")}
        />
      </div>
      {more.length > 0 && (
        <Text c="dimmed" size="sm">
          Also set, and kept: {more.join(", ")}. JSON shows them.
        </Text>
      )}
    </>
  );
}
