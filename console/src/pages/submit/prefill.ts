/** What a form begins with: a job type's example, without the files that it only pretends to name. */

import { type Defs, fieldOf, type Json, type Schema } from "./schema";

export const defsOf = (schema: Schema): Defs => (schema.$defs ?? {}) as Defs;

export function prefill(schema: Schema, example: unknown): Json {
  const given = (example ?? {}) as Json;
  return withoutFiles(schema, given, defsOf(schema)) ?? {};
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
    case "list":
      return [];
    case "group":
      return {};
    case "union":
      return field.variants[0] ? blank(field.variants[0], defs) : null;
    case "any":
      return null;
  }
}
