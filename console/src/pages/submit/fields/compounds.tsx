/** Fields with fields in them: objects, lists, and values of one of several shapes. */

import { ActionIcon, Button, SegmentedControl } from "@mantine/core";
import { Plus, X } from "lucide-react";
import { escaped } from "../faults";
import { blank } from "../prefill";
import { type Field, fieldOf, type Json, nameOf, variantFor } from "../schema";
import { type Draw, type FieldProps, Frame, useForm, useNames } from "./form";
import css from "./form.module.css";

type Of<K extends Field["kind"]> = FieldProps<Extract<Field, { kind: K }>> & { draw: Draw };
type Properties = Record<string, Json>;

/** The properties of an object, one below the other; those it has beside them are kept. */
export function Members({
  field,
  pointer,
  value,
  onChange,
  draw,
}: Omit<Of<"group">, "label" | "required">) {
  const object = (value ?? {}) as Properties;
  const set = (name: string, next: Json | undefined) => {
    const { [name]: _, ...rest } = object;
    // In the schema's order, so that the JSON reads as the form does.
    const all: Properties = next === undefined ? rest : { ...rest, [name]: next };
    const order = field.properties.map(([one]) => one).filter((one) => one in all);
    const others = Object.keys(all).filter((one) => !order.includes(one));
    onChange(Object.fromEntries([...order, ...others].map((one) => [one, all[one] as Json])));
  };
  return field.properties.map(([name, schema]) => (
    <div key={name}>
      {draw({
        schema,
        name,
        label: name,
        pointer: `${pointer}/${escaped(name)}`,
        value: object[name],
        onChange: (next) => set(name, next),
        required: field.required.has(name),
      })}
    </div>
  ));
}

export function GroupField(props: Of<"group">) {
  const { field, value, onChange, required, draw } = props;
  const names = useNames(props.pointer, props.field);
  const there = required || (value !== undefined && value !== null);
  return (
    <Frame
      {...props}
      id={names.id}
      group
      inside={!there}
      aside={
        !required && (
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            onClick={() => onChange(there ? undefined : {})}
          >
            {there ? "Leave out" : "Fill in"}
          </Button>
        )
      }
    >
      {there && (
        <div className={css.group}>
          <Members
            field={field}
            pointer={props.pointer}
            value={value}
            onChange={onChange}
            draw={draw}
          />
        </div>
      )}
    </Frame>
  );
}

export function ListField(props: Of<"list">) {
  const { field, pointer, value, onChange, required, draw } = props;
  const { defs } = useForm();
  const names = useNames(pointer, field);
  const rows = Array.isArray(value) ? value : [];
  const set = (next: Json[]) => onChange(next.length || required ? next : undefined);
  // Short rows need no head each: the list's says what they are.
  const short = ["text", "number", "moment", "choice"].includes(fieldOf(field.items, defs).kind);
  const full = field.bounds.high !== undefined && rows.length >= field.bounds.high;
  return (
    <Frame {...props} id={names.id} group inside={false}>
      <div className={css.rows}>
        {rows.map((row, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place, nothing else names it
          <div key={place} className={css.row}>
            <div className={css.rowField}>
              {draw({
                schema: field.items,
                name: "",
                label: `${props.label}[${place}]`,
                pointer: `${pointer}/${place}`,
                value: row,
                onChange: (next) =>
                  set(rows.map((one, at) => (at === place ? (next ?? null) : one))),
                required: true,
                bare: short,
              })}
            </div>
            <ActionIcon
              mt={short ? 0 : 28}
              size="lg"
              aria-label={`Remove ${props.label}[${place}]`}
              onClick={() => set(rows.filter((_, at) => at !== place))}
            >
              <X size={14} />
            </ActionIcon>
          </div>
        ))}
        <div>
          <Button
            variant="default"
            size="compact-xs"
            leftSection={<Plus size={12} />}
            disabled={full}
            onClick={() => set([...rows, blank(field.items, defs)])}
          >
            Add to {props.label}
          </Button>
        </div>
      </div>
    </Frame>
  );
}

export function UnionField(props: Of<"union">) {
  const { field, pointer, value, onChange, required, draw } = props;
  const { defs } = useForm();
  const names = useNames(pointer, field);
  const absent = value === undefined || value === null;
  const shape = absent ? -1 : variantFor(field.variants, value, defs);
  const words = field.variants.map((one, place) => ({
    value: String(place),
    label: nameOf(one, defs),
  }));
  const optional = !required || field.nullable;
  const choose = (word: string) => {
    const variant = field.variants[Number(word)];
    if (!variant) return onChange(required ? null : undefined);
    onChange(carried(value, blank(variant, defs), fieldOf(variant, defs)));
  };
  const variant = field.variants[shape];
  return (
    <Frame {...props} id={names.id} group silent={Boolean(variant)}>
      <div className={css.rows}>
        <div>
          <SegmentedControl
            size="xs"
            aria-labelledby={`${names.id}-label`}
            data={optional ? [{ value: "-1", label: "not said" }, ...words] : words}
            value={String(shape)}
            onChange={choose}
          />
        </div>
        {variant &&
          draw({
            schema: { ...variant, description: undefined },
            name: props.label,
            label: props.label,
            pointer,
            value,
            onChange: (next) => onChange(next === undefined && required ? null : next),
            required: true,
            bare: true,
          })}
      </div>
    </Frame>
  );
}

/** One text becomes a list of one, and back: what was typed is not lost by another shape. */
function carried(before: Json | undefined, blank: Json, to: Field): Json {
  if (to.kind === "list" && typeof before === "string" && before) return [before];
  if (to.kind === "text" && Array.isArray(before) && typeof before[0] === "string")
    return before[0];
  return blank;
}
