/** What a form begins with: a job type's example. Of one on files only what must be said: the files are
 * another's, and what the example says of its own, such as a newspaper's day, is wrong of them. */

import { type Defs, fieldOf, type Json, type Schema } from "./schema";

export const defsOf = (schema: Schema): Defs => (schema.$defs ?? {}) as Defs;

export function prefill(schema: Schema, example: unknown): Json {
  const given = (example ?? {}) as Json;
  const left = withoutFiles(schema, given, defsOf(schema)) ?? {};
  if (JSON.stringify(left) === JSON.stringify(given)) return left;
  const required = new Set((schema.required ?? []) as string[]);
  return Object.fromEntries(Object.entries(left).filter(([name]) => required.has(name)));
}

function withoutFiles(schema: Schema, value: Json, defs: Defs): Json | undefined {
  const field = fieldOf(schema, defs);
  switch (field.kind) {
    case "file":
    case "files":
      return undefined;
    case "list":
      if (!Array.isArray(value)) return value;
      return value
        .map((one) => withoutFiles(field.items, one, defs))
        .filter((one) => one !== undefined);
    case "group": {
      if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
      const kept: [string, Json][] = [];
      for (const [name, one] of Object.entries(value)) {
        const inner = field.properties.find((property) => property[0] === name)?.[1];
        const left = inner ? withoutFiles(inner, one, defs) : one;
        if (left !== undefined) kept.push([name, left]);
      }
      return Object.fromEntries(kept);
    }
    default:
      return value;
  }
}

/** What a field that was not there begins with. */
export function blank(schema: Schema, defs: Defs): Json {
  const field = fieldOf(schema, defs);
  if (field.fallback !== undefined && field.fallback !== null) return field.fallback;
  switch (field.kind) {
    case "text":
    case "moment":
    case "file":
      return "";
    case "number":
      return field.bounds.low ?? 0;
    case "switch":
      return false;
    case "choice":
      return field.options[0] ?? null;
    case "files":
      return [];
    case "list":
      return field.bounds.low === 1 ? [blank(field.items, defs)] : [];
    case "group":
      return {};
    case "union":
      return field.variants[0] ? blank(field.variants[0], defs) : null;
    case "any":
      return null;
  }
}
