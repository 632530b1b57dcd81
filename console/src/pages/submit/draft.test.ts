import { expect, test } from "vitest";
import { draftOf, revise } from "./draft";

test("a change of the form is written into the JSON", () => {
  const draft = revise(draftOf({ seconds: 2 }), { value: { seconds: 3 } });
  expect(JSON.parse(draft.text)).toEqual({ seconds: 3 });
});

test("a change of the JSON is the form's new value, its spacing stays", () => {
  const draft = revise(draftOf({}), { text: '{ "seconds":4 }' });
  expect(draft).toEqual({ value: { seconds: 4 }, text: '{ "seconds":4 }', fault: null });
});

test("half-written JSON leaves the value and says where it ends", () => {
  const before = draftOf({ seconds: 2 });
  const draft = revise(before, { text: '{\n  "seconds": \n}' });
  expect(draft.value).toEqual({ seconds: 2 });
  expect(draft.fault).toMatch(/^No JSON yet/);
  expect(revise(before, { text: " " }).fault).toMatch("{}");
});

test("a change of the form mends what was half-written", () => {
  const broken = revise(draftOf({ a: 1 }), { text: "{" });
  expect(revise(broken, { value: { a: 2 } }).fault).toBeNull();
});
