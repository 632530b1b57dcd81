/** Fields of one value: text, number, moment, a choice, true or false. */

import {
  Button,
  NumberInput,
  SegmentedControl,
  Select,
  Switch,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useRef } from "react";
import type { Field, Json } from "../schema";
import { type FieldProps, Frame, useNames } from "./form";
import css from "./form.module.css";

type Of<K extends Field["kind"]> = FieldProps<Extract<Field, { kind: K }>>;

/** What stands in an empty field: that the API's own value counts. */
const standIn = (field: Field) =>
  field.fallback === undefined || field.fallback === null || field.fallback === ""
    ? undefined
    : String(field.fallback);

export function TextField(props: Of<"text">) {
  const { field, value, onChange, required } = props;
  const names = useNames(props.pointer, props.field);
  const picker = useRef<HTMLInputElement>(null);
  const text = typeof value === "string" ? value : "";
  // An empty text of a field that may be left out leaves it out.
  const change = (next: string) => onChange(next || required ? next : undefined);
  const load = async (file: File | undefined) => {
    if (file) change(await file.text());
  };
  if (!field.long)
    return (
      <Frame {...props} id={names.id}>
        <TextInput
          {...names.props}
          type={field.input}
          value={text}
          placeholder={standIn(field)}
          onChange={(event) => change(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
      </Frame>
    );
  return (
    <Frame
      {...props}
      id={names.id}
      aside={
        <>
          <input
            ref={picker}
            type="file"
            hidden
            accept="text/*,.txt,.md,.html,.csv"
            onChange={(event) => {
              load(event.currentTarget.files?.[0]);
              event.currentTarget.value = "";
            }}
          />
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            onClick={() => picker.current?.click()}
          >
            From a file
          </Button>
        </>
      }
    >
      <Textarea
        {...names.props}
        value={text}
        placeholder={standIn(field)}
        rows={Math.min(14, Math.max(4, Math.ceil(text.length / 90) + 1))}
        onChange={(event) => change(event.currentTarget.value)}
        onDrop={(event) => {
          if (!event.dataTransfer.files.length) return;
          event.preventDefault();
          load(event.dataTransfer.files[0]);
        }}
      />
    </Frame>
  );
}

export function NumberField(props: Of<"number">) {
  const { field, value, onChange } = props;
  const names = useNames(props.pointer, props.field);
  return (
    <Frame {...props} id={names.id}>
      <NumberInput
        {...names.props}
        classNames={{ ...names.props.classNames, wrapper: css.short }}
        size="sm"
        value={typeof value === "number" ? value : ""}
        placeholder={standIn(field)}
        allowDecimal={!field.whole}
        clampBehavior="none"
        min={field.bounds.low}
        max={field.bounds.high}
        onChange={(next) => onChange(typeof next === "number" ? next : undefined)}
      />
    </Frame>
  );
}

export function MomentField(props: Of<"moment">) {
  const { value, onChange } = props;
  const names = useNames(props.pointer, props.field);
  return (
    <Frame {...props} id={names.id}>
      <TextInput
        {...names.props}
        classNames={{ ...names.props.classNames, wrapper: css.short }}
        type="datetime-local"
        value={typeof value === "string" ? localOf(value) : ""}
        onChange={(event) => {
          const at = event.currentTarget.value;
          onChange(at ? new Date(at).toISOString() : undefined);
        }}
      />
    </Frame>
  );
}

/** A moment as a browser's field takes it: the reader's own time, without a zone. */
function localOf(text: string): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const FEW = 4;
const SHORT_CHARS = 48;

export function ChoiceField(props: Of<"choice">) {
  const { field, value, onChange, required } = props;
  const names = useNames(props.pointer, props.field);
  const words = field.options.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
  const wordOf = (one: Json | undefined) => words[field.options.indexOf(one as Json)] ?? null;
  const chosen = wordOf(value === undefined ? field.fallback : value);
  const choose = (word: string | null) =>
    onChange(word === null ? undefined : field.options[words.indexOf(word)]);
  if (words.length <= FEW && words.join("").length <= SHORT_CHARS && !field.nullable)
    return (
      <Frame {...props} id={names.id} group>
        <SegmentedControl
          size="xs"
          aria-labelledby={`${names.id}-label`}
          data={words}
          value={chosen ?? ""}
          onChange={choose}
        />
      </Frame>
    );
  return (
    <Frame {...props} id={names.id}>
      <Select
        {...names.props}
        classNames={{ ...names.props.classNames, wrapper: css.short }}
        data={words}
        value={chosen}
        searchable={words.length > 8}
        clearable={!required}
        onChange={choose}
      />
    </Frame>
  );
}

export function SwitchField(props: Of<"switch">) {
  const { field, value, onChange } = props;
  const names = useNames(props.pointer, props.field);
  const now = typeof value === "boolean" ? value : undefined;
  if (field.nullable || (field.fallback === undefined && props.required))
    return (
      <Frame {...props} id={names.id} group>
        <SegmentedControl
          size="xs"
          aria-labelledby={`${names.id}-label`}
          data={field.nullable ? ["not said", "true", "false"] : ["true", "false"]}
          value={now === undefined ? (field.nullable ? "not said" : "") : String(now)}
          onChange={(word) => onChange(word === "not said" ? undefined : word === "true")}
        />
      </Frame>
    );
  return (
    <Frame {...props} id={names.id} group>
      <Switch
        id={names.id}
        aria-labelledby={`${names.id}-label`}
        aria-describedby={`${names.id}-about`}
        size="sm"
        checked={now ?? field.fallback === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </Frame>
  );
}
