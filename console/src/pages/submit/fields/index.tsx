/** The form of an input: for each part of its schema the field that shows it. */

import { type Field, fieldOf, fits, type Json, type Schema } from "../schema";
import { GroupField, ListField, Members, UnionField } from "./compounds";
import { FilesField } from "./files";
import { type Draw, type FieldProps, useForm } from "./form";
import css from "./form.module.css";
import { RawField } from "./raw";
import { ChoiceField, MomentField, NumberField, SwitchField, TextField } from "./scalars";

type Of<K extends Field["kind"]> = FieldProps<Extract<Field, { kind: K }>>;

const draw: Draw = (props) => <AnyField {...props} />;

function AnyField({ schema, name, ...rest }: Parameters<Draw>[0]) {
  const { defs } = useForm();
  const field = fieldOf(schema, defs, name);
  const props = { ...rest, field };
  // Null is what an empty field is, where it may be.
  if (!fits(field, rest.value, defs)) return <RawField {...props} />;
  switch (field.kind) {
    case "text":
      return <TextField {...(props as Of<"text">)} />;
    case "number":
      return <NumberField {...(props as Of<"number">)} />;
    case "moment":
      return <MomentField {...(props as Of<"moment">)} />;
    case "choice":
      return <ChoiceField {...(props as Of<"choice">)} />;
    case "switch":
      return <SwitchField {...(props as Of<"switch">)} />;
    case "file":
    case "files":
      return <FilesField {...(props as Of<"file" | "files">)} />;
    case "list":
      return <ListField {...(props as Of<"list">)} draw={draw} />;
    case "group":
      return <GroupField {...(props as Of<"group">)} draw={draw} />;
    case "union":
      return <UnionField {...(props as Of<"union">)} draw={draw} />;
    case "any":
      return <RawField {...props} />;
  }
}

/** All fields of a job type's input. */
export function InputFields({
  schema,
  value,
  onChange,
}: {
  schema: Schema;
  value: Json;
  onChange: (value: Json) => void;
}) {
  const { defs } = useForm();
  const field = fieldOf(schema, defs);
  const change = (next: Json | undefined) => onChange(next ?? {});
  return (
    <div className={css.fields}>
      {field.kind === "group" && fits(field, value, defs) ? (
        <Members field={field} pointer="/input" value={value} onChange={change} draw={draw} />
      ) : (
        draw({
          schema,
          name: "",
          label: "input",
          pointer: "/input",
          value,
          onChange: change,
          required: true,
        })
      )}
    </div>
  );
}
