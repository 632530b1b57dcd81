/** Fields that several forms have, and how the fields of a dialog stand. */

import {
  Autocomplete,
  type AutocompleteProps,
  SegmentedControl,
  Select,
  TagsInput,
  type TagsInputProps,
  TextInput,
} from "@mantine/core";
import type { ReactNode } from "react";
import { useMe } from "@/hooks/use-me";
import { useQueueNames } from "@/hooks/use-names";
import css from "./fields.module.css";

/** One below the other. */
export const Fields = ({ children }: { children: ReactNode }) => (
  <div className={css.fields}>{children}</div>
);

type Of<Value> = { value: Value; onChange: (value: Value) => void };

/** Whose it is; empty means the caller's own. */
export function TenantField({ value, onChange, about }: Of<string> & { about: string }) {
  const { me } = useMe();
  return (
    <TextInput
      label="Tenant"
      description={about}
      placeholder={me?.tenant}
      maxLength={100}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

const DAY_MS = 86_400_000;
const LIVES: Record<string, string> = {
  "": "Never",
  "1": "In a day",
  "30": "In 30 days",
  "90": "In 90 days",
  "365": "In a year",
};

/** When it ends, in days from now; empty is never. */
export const LifeField = ({ label, value, onChange }: Of<string> & { label: string }) => (
  <Select
    label={label}
    data={Object.entries(LIVES)
      .map(([days, words]) => ({ value: days, label: words }))
      .sort((a, b) => Number(a.value) - Number(b.value))}
    value={value}
    allowDeselect={false}
    onChange={(days) => onChange(days ?? "")}
  />
);

/** The moment `days` after `now` (milliseconds), as the API takes it. */
export const endOf = (days: string, now: number) =>
  days ? new Date(now + Number(days) * DAY_MS).toISOString() : null;

export type Priority = "high" | "normal" | "low";

export const PriorityField = ({ value, onChange }: Of<Priority>) => (
  <SegmentedControl
    size="xs"
    aria-label="Priority"
    data={["high", "normal", "low"]}
    value={value}
    onChange={(priority) => onChange(priority as Priority)}
  />
);

/** The names of those that there are are offered; another may be typed. */
export function QueueField({
  asked = true,
  ...field
}: Of<string> & Omit<AutocompleteProps, "value" | "onChange" | "data"> & { asked?: boolean }) {
  const queues = useQueueNames(asked);
  return <Autocomplete label="Queue" data={queues.data ?? []} {...field} />;
}

export const TagsField = (
  field: Of<string[]> & Omit<TagsInputProps, "value" | "onChange" | "data">,
) => (
  <TagsInput
    label="Tags"
    description="Words to find it by. Enter adds one."
    maxTags={32}
    {...field}
  />
);
