import { expect, test } from "vitest";
import { blank, prefill } from "./prefill";
import { fieldOf, fits, isComplete, nameOf, type Schema, variantFor } from "./schema";

const PDF: Schema = {
  type: "string",
  format: "uuid",
  "x-haulage-file": { accepts: ["application/pdf"] },
};
const MODEL: Schema = {
  anyOf: [
    { type: "string", maxLength: 200 },
    { type: "array", items: { type: "string" }, minItems: 1 },
    { type: "null" },
  ],
  default: null,
  description: "Which model.",
};
const PART: Schema = {
  type: "object",
  title: "Part",
  properties: {
    name: { type: "string" },
    parts: { type: "array", items: { $ref: "#/$defs/Part" } },
  },
  required: ["name"],
};
const DEFS = { Part: PART };

test("a number says its bounds and whether it is whole", () => {
  const field = fieldOf({ type: "integer", minimum: 5, maximum: 5000, default: 150 }, {});
  expect(field).toMatchObject({ kind: "number", whole: true, fallback: 150, nullable: false });
  expect(field.hint).toBe("integer, 5 to 5,000");
});

test("what may be null is the field of what it is otherwise", () => {
  const schema = { anyOf: [{ type: "string", format: "date" }, { type: "null" }], default: null };
  expect(fieldOf(schema, {})).toMatchObject({ kind: "text", input: "date", nullable: true });
});

test("a choice between several shapes keeps them apart", () => {
  const field = fieldOf(MODEL, {});
  expect(field).toMatchObject({ kind: "union", nullable: true, description: "Which model." });
  if (field.kind !== "union") throw new Error();
  expect(field.variants.map((one) => nameOf(one, {}))).toEqual(["text", "list of text"]);
  expect(variantFor(field.variants, ["a"], {})).toBe(1);
  expect(variantFor(field.variants, 7, {})).toBe(-1);
});

test("objects of a union are told apart by their constants", () => {
  const variants = ["cat", "dog"].map((kind) => ({
    type: "object",
    properties: { kind: { const: kind } },
    required: ["kind"],
  }));
  expect(variantFor(variants, { kind: "dog" }, {})).toBe(1);
});

test("files are known by their mark, one or a list of them", () => {
  expect(fieldOf(PDF, {})).toMatchObject({ kind: "file", accepts: ["application/pdf"] });
  const list = { type: "array", items: PDF, minItems: 1, maxItems: 200 };
  expect(fieldOf(list, {})).toMatchObject({ kind: "files", bounds: { low: 1, high: 200 } });
});

test("a text is long where its length or its name says so", () => {
  const long = (schema: Schema, name: string) => {
    const field = fieldOf({ type: "string", ...schema }, {}, name);
    return field.kind === "text" && field.long;
  };
  expect(long({ maxLength: 2_000_000 }, "anything")).toBe(true);
  expect(long({}, "text")).toBe(true);
  expect(long({ maxLength: 4096 }, "url")).toBe(false);
});

test("a schema that refers to itself is followed one level at a time", () => {
  const field = fieldOf({ $ref: "#/$defs/Part", description: "The whole." }, DEFS);
  expect(field).toMatchObject({ kind: "group", description: "The whole." });
  expect(blank({ $ref: "#/$defs/Part" }, DEFS)).toEqual({});
});

test.each<[string, Schema]>([
  ["anything", {}],
  ["a tuple", { type: "array", prefixItems: [{ type: "string" }] }],
  ["an object of any names", { type: "object", additionalProperties: { type: "integer" } }],
])("%s is written as JSON", (_, schema) => expect(fieldOf(schema, {}).kind).toBe("any"));

test("a value of another shape does not fit its field", () => {
  const number = fieldOf({ type: "number" }, {});
  expect(fits(number, "7", {})).toBe(false);
  expect(fits(number, null, {})).toBe(false);
  expect(fits(number, undefined, {})).toBe(true);
  expect(fits(fieldOf({ type: ["number", "null"] }, {}), null, {})).toBe(true);
});

test("an example fills the form", () => {
  const schema = { type: "object", properties: { seconds: { type: "number" } } };
  expect(prefill(schema, { seconds: 2 })).toEqual({ seconds: 2 });
  expect(prefill(schema, null)).toEqual({});
});

test("of an example on files only what must be said is taken, and never the files", () => {
  const schema = {
    type: "object",
    properties: {
      file: PDF,
      pages: { type: "array", items: PDF },
      issue_date: { type: "string", format: "date" },
      inner: { type: "object", properties: { file: PDF, name: { type: "string" } } },
    },
    required: ["file", "inner"],
  };
  const example = { file: "0197", pages: ["0197"], issue_date: "1954-05-15" };
  const inner = { file: "0197", name: "a" };
  expect(prefill(schema, { ...example, inner })).toEqual({ inner: { name: "a" } });
});

test("an input is complete when what is required is there, at every depth", () => {
  const schema = {
    type: "object",
    properties: {
      pdf: PDF,
      part: { $ref: "#/$defs/Part" },
      limit: { type: "integer" },
    },
    required: ["pdf"],
  };
  expect(isComplete(schema, {}, DEFS)).toBe(false);
  expect(isComplete(schema, { pdf: "0197" }, DEFS)).toBe(true);
  expect(isComplete(schema, { pdf: "0197", part: {} }, DEFS)).toBe(false);
  expect(isComplete(schema, { pdf: "0197", part: { name: "a" } }, DEFS)).toBe(true);
});
