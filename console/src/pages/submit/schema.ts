/** What a form shows for a JSON schema, one level at a time: what lies in a field is asked for when
 * the field is drawn, so that a schema that refers to itself ends somewhere. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Schema = { [keyword: string]: unknown };
export type Defs = { [name: string]: Schema };

type Bounds = { low?: number; high?: number };

export type Kind =
  | { kind: "text"; long: boolean; input: "text" | "date" | "url"; bounds: Bounds }
  | { kind: "moment" }
  | { kind: "number"; whole: boolean; bounds: Bounds }
  | { kind: "switch" }
  | { kind: "choice"; options: Json[] }
  | { kind: "file"; accepts: string[] }
  | { kind: "files"; accepts: string[]; bounds: Bounds }
  | { kind: "list"; items: Schema; bounds: Bounds }
  | { kind: "group"; properties: [name: string, schema: Schema][]; required: Set<string> }
  | { kind: "union"; variants: Schema[] }
  | { kind: "any" };

export type Field = Kind & {
  description: string;
  nullable: boolean;
  /** What the API takes when the field is left out. */
  fallback: Json | undefined;
  /** What goes into it, in few words: "integer, 5 to 5000". */
  hint: string;
};

const LONG_CHARS = 4_500;
const LONG_NAME = /^(text|body|content|prompt|message|document|html)$/;

/** The field of a schema; `name` is the property it stands for. */
export function fieldOf(given: Schema, defs: Defs, name = ""): Field {
  const schema = resolve(given, defs);
  const options = variantsOf(schema).map((one) => resolve(one, defs));
  const real = options.filter((one) => one.type !== "null");
  const nullable = real.length < options.length || typesOf(schema).includes("null");
  const only = options.length && real.length === 1 ? { ...real[0] } : null;
  const kind: Kind =
    real.length > 1
      ? { kind: "union", variants: real }
      : kindOf({ ...schema, ...only, anyOf: undefined, oneOf: undefined }, defs, name);
  return {
    ...kind,
    description: String(schema.description ?? only?.description ?? ""),
    nullable,
    fallback: schema.default as Json | undefined,
    hint: hintOf(kind, defs),
  } as Field;
}

function kindOf(schema: Schema, defs: Defs, name: string): Kind {
  if (schema["x-haulage-file"]) return { kind: "file", accepts: acceptsOf(schema) };
  if (Array.isArray(schema.enum)) return { kind: "choice", options: schema.enum };
  if ("const" in schema) return { kind: "choice", options: [schema.const as Json] };
  const types = typesOf(schema).filter((one) => one !== "null");
  if (types.length > 1)
    return { kind: "union", variants: types.map((type) => ({ ...schema, type })) };
  switch (types[0]) {
    case "string":
      return textOf(schema, name);
    case "integer":
    case "number":
      return { kind: "number", whole: types[0] === "integer", bounds: boundsOf(schema) };
    case "boolean":
      return { kind: "switch" };
    case "array": {
      const items = (schema.items ?? {}) as Schema;
      if (schema.prefixItems) return { kind: "any" };
      const bounds = between(schema.minItems, schema.maxItems);
      const file = resolve(items, defs);
      if (file["x-haulage-file"]) return { kind: "files", accepts: acceptsOf(file), bounds };
      return { kind: "list", items, bounds };
    }
    case "object": {
      const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
      if (!properties.length) return { kind: "any" };
      return { kind: "group", properties, required: new Set(schema.required as string[]) };
    }
    default:
      return { kind: "any" };
  }
}

function textOf(schema: Schema, name: string): Kind {
  if (schema.format === "date-time") return { kind: "moment" };
  const bounds = between(schema.minLength, schema.maxLength);
  const input = schema.format === "date" ? "date" : schema.format === "uri" ? "url" : "text";
  const long = input === "text" && ((bounds.high ?? 0) > LONG_CHARS || LONG_NAME.test(name));
  return { kind: "text", long, input, bounds };
}

/** Follows references; what is said beside one counts. */
export function resolve(schema: Schema, defs: Defs): Schema {
  let found = schema;
  for (let hops = 0; hops < 16; hops++) {
    const [alone] = Array.isArray(found.allOf) && found.allOf.length === 1 ? found.allOf : [null];
    const reference = found.$ref as string | undefined;
    if (!alone && !reference) break;
    const { $ref: _, allOf: __, ...beside } = found;
    const target = alone ?? defs[decodeURIComponent(reference?.split("/").pop() ?? "")] ?? {};
    found = { ...target, ...beside };
  }
  return found;
}

const typesOf = (schema: Schema): string[] => (schema.type ? [schema.type].flat() : []) as string[];
const variantsOf = (schema: Schema) => (schema.anyOf ?? schema.oneOf ?? []) as Schema[];
const acceptsOf = (schema: Schema) =>
  (schema["x-haulage-file"] as { accepts?: string[] }).accepts ?? [];

function between(low: unknown, high: unknown): Bounds {
  return { low: low as number | undefined, high: high as number | undefined };
}

function boundsOf(schema: Schema): Bounds {
  return between(
    schema.minimum ?? schema.exclusiveMinimum,
    schema.maximum ?? schema.exclusiveMaximum,
  );
}

/** A union's variants are told apart by these. */
export function nameOf(given: Schema, defs: Defs): string {
  const schema = resolve(given, defs);
  const field = fieldOf(schema, defs);
  if (field.kind === "group") return String(schema.title ?? "object");
  return field.kind === "choice" ? field.options.map(String).join(" | ") : wordOf(field, defs);
}

function wordOf(kind: Kind, defs: Defs): string {
  switch (kind.kind) {
    case "text":
      return kind.input === "text" ? "text" : kind.input;
    case "number":
      return kind.whole ? "integer" : "number";
    case "list":
      return `list of ${nameOf(kind.items, defs)}`;
    case "moment":
      return "date and time";
    case "switch":
      return "true or false";
    case "group":
      return "object";
    case "union":
      return kind.variants.map((one) => nameOf(one, defs)).join(" or ");
    case "any":
      return "JSON";
    default:
      return kind.kind;
  }
}

function hintOf(kind: Kind, defs: Defs): string {
  if (kind.kind === "choice" || kind.kind === "switch") return "";
  const { low, high } = "bounds" in kind ? kind.bounds : {};
  const unit = { text: " characters", list: " of them", files: " of them" }[kind.kind as string];
  const said = [low, high].map((one) => one?.toLocaleString("en"));
  // One character at least is what 'required' says already.
  const from = unit === " characters" && low === 1 ? undefined : said[0];
  const span =
    from && said[1]
      ? `${from} to ${said[1]}`
      : from
        ? `${from} or more`
        : said[1] && `${unit ? "at most " : "up to "}${said[1]}`;
  return [wordOf(kind, defs), span && `${span}${unit ?? ""}`].filter(Boolean).join(", ");
}

/** Whether a value can be shown by a field; what can't is edited as JSON. */
export function fits(field: Field, value: Json | undefined, defs: Defs): boolean {
  if (value === undefined) return true;
  if (value === null) return field.nullable || field.kind === "any";
  switch (field.kind) {
    case "text":
    case "moment":
    case "file":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "switch":
      return typeof value === "boolean";
    case "choice":
      return field.options.some((one) => one === value);
    case "files":
      return Array.isArray(value) && value.every((one) => typeof one === "string");
    case "list":
      return Array.isArray(value);
    case "group":
      return typeof value === "object" && !Array.isArray(value);
    case "union":
      return variantFor(field.variants, value, defs) >= 0;
    case "any":
      return true;
  }
}

/** Which variant of a union holds a value; -1 when none does. */
export function variantFor(variants: Schema[], value: Json, defs: Defs): number {
  return variants.findIndex((one) => {
    const field = fieldOf(one, defs);
    if (!fits(field, value, defs)) return false;
    if (field.kind !== "group") return true;
    const object = value as Record<string, Json>;
    return field.properties.every(([name, schema]) => {
      if (!(name in object)) return !field.required.has(name);
      return fits(fieldOf(schema, defs), object[name], defs);
    });
  });
}

/** Whether all is there that must be: what is obviously unfinished need not be sent to learn so. */
export function isComplete(schema: Schema, value: Json | undefined, defs: Defs): boolean {
  const field = fieldOf(schema, defs);
  if (field.kind === "files") return Array.isArray(value) && value.length > 0;
  if (field.kind === "file") return Boolean(value);
  if (field.kind !== "group" || !value || !fits(field, value, defs)) return value !== undefined;
  const object = value as Record<string, Json>;
  return field.properties.every(([name, inner]) =>
    name in object ? isComplete(inner, object[name], defs) : !field.required.has(name),
  );
}
