/** What all fields of one form share, and the frame that each stands in. */

import { createContext, type ReactNode, useContext, useId } from "react";
import type { Uploads } from "@/hooks/use-uploads";
import { type Fault, faultsAt } from "../faults";
import type { Defs, Field, Json, Schema } from "../schema";
import css from "./form.module.css";

export type Form = { defs: Defs; faults: Fault[]; uploads: Uploads };

export type FieldProps<F extends Field = Field> = {
  field: F;
  /** A JSON pointer into the submit's body. */
  pointer: string;
  label: string;
  value: Json | undefined;
  /** `undefined` leaves the field out. */
  onChange: (value: Json | undefined) => void;
  required: boolean;
  /** Its label stands above already; it is for screen readers alone. */
  bare?: boolean;
};

/** Draws the field of a schema, whatever it is. Handed in: fields draw the fields within them. */
export type Draw = (props: {
  schema: Schema;
  name: string;
  pointer: string;
  label: string;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  required: boolean;
  bare?: boolean;
}) => ReactNode;

const Context = createContext<Form | null>(null);
export const FormProvider = Context.Provider;

export function useForm(): Form {
  const form = useContext(Context);
  if (!form) throw new Error("A field stands outside of a form.");
  return form;
}

/** What ties a control to its label, to what it is about and to what does not fit. */
export function useNames(pointer: string, field: Field) {
  const id = useId();
  const { faults } = useForm();
  const found = faultsAt(faults, pointer, true);
  return {
    id,
    invalid: found.length > 0,
    /** For Mantine's inputs, which draw these and name them to screen readers. */
    props: {
      id,
      error: found.length > 0 ? found.join(" ") : undefined,
      description: field.description && <Marked text={field.description} />,
      inputWrapperOrder: ["input", "error", "description"] satisfies [
        "input",
        "error",
        "description",
      ],
      classNames: { description: css.about, error: css.fault },
    },
  };
}

/** A label, what goes in, and the control. With `group`, which is for more than one control, or for one
 * that can't say it itself, also what the field is about and what does not fit. */
export function Frame({
  id,
  field,
  pointer,
  label,
  required,
  inside = true,
  group = false,
  bare = false,
  silent = false,
  aside,
  children,
}: Pick<FieldProps, "field" | "pointer" | "label" | "required" | "bare"> & {
  id: string;
  /** Whether faults of what lies within are told here. */
  inside?: boolean;
  group?: boolean;
  /** Its faults are told by the field within it. */
  silent?: boolean;
  aside?: ReactNode;
  children: ReactNode;
}) {
  const { faults } = useForm();
  const found = silent ? [] : faultsAt(faults, pointer, inside);
  const inner = (
    <>
      <div className={bare ? "visually-hidden" : css.head}>
        {group ? (
          <span id={`${id}-label`} className={css.label}>
            {label}
          </span>
        ) : (
          <label id={`${id}-label`} htmlFor={id} className={css.label}>
            {label}
          </label>
        )}
        {required && <span className={css.required}>required</span>}
        <span className={css.hint}>{field.hint}</span>
        {aside}
      </div>
      {children}
      {group && (
        <div id={`${id}-about`}>
          {found.map((message) => (
            <p key={message} className={css.fault}>
              {message}
            </p>
          ))}
          {field.description && (
            <p className={css.about}>
              <Marked text={field.description} />
            </p>
          )}
        </div>
      )}
    </>
  );
  const shared = { className: css.field, "data-invalid": found.length > 0 || undefined };
  return group ? (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset can't be laid out as the others are
    <div {...shared} role="group" aria-labelledby={`${id}-label`} aria-describedby={`${id}-about`}>
      {inner}
    </div>
  ) : (
    <div {...shared}>{inner}</div>
  );
}

/** Text with `code` in it. */
export function Marked({ text }: { text: string }) {
  return text.split(/`([^`]+)`/).map((part, place) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other name
    place % 2 ? <code key={place}>{part}</code> : part,
  );
}
