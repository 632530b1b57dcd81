/** A field for what no other shows: its JSON. */

import { Textarea } from "@mantine/core";
import { useEffect, useState } from "react";
import { draftOf, revise } from "../draft";
import type { Json } from "../schema";
import { type FieldProps, Frame, useNames } from "./form";
import css from "./form.module.css";

export function RawField(props: FieldProps) {
  const { value, onChange, required } = props;
  const names = useNames(props.pointer, props.field);
  const [draft, setDraft] = useState(() => open(value));
  // Changed from elsewhere: the JSON tab, another example.
  useEffect(() => {
    setDraft((now) => (same(now.value, value) ? now : open(value)));
  }, [value]);
  const change = (text: string) => {
    if (!text.trim() && !required) {
      setDraft({ value: null, text, fault: null });
      return onChange(undefined);
    }
    const next = revise(draft, { text });
    setDraft(next);
    if (!next.fault) onChange(next.value);
  };
  return (
    <Frame {...props} id={names.id}>
      <Textarea
        {...names.props}
        error={draft.fault ?? names.props.error}
        value={draft.text}
        placeholder='"text", 12, true, [1, 2] or {"name": "value"}'
        rows={Math.min(14, Math.max(2, draft.text.split("\n").length))}
        spellCheck={false}
        classNames={{ ...names.props.classNames, input: css.json }}
        onChange={(event) => change(event.currentTarget.value)}
      />
    </Frame>
  );
}

const open = (value: Json | undefined) =>
  value === undefined ? { value: null, text: "", fault: null } : draftOf(value);

const same = (one: Json, other: Json | undefined) =>
  JSON.stringify(one) === JSON.stringify(other ?? null);
