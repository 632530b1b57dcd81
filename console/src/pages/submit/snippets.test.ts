import { expect, test } from "vitest";
import { bodyOf, DEFAULTS, optionFaults, optionsOf, spanSeconds } from "./options";
import { type Call, cli, curl, literal, python, quoted } from "./snippets";

const CALL: Call = {
  body: { type: "echo", input: { value: "it's" } },
  url: "http://127.0.0.1:8700",
  auth: false,
  key: "",
  delay: null,
  files: new Map(),
};
const ID = "01970000-0000-7000-8000-000000000000";

test("a shell reads a quoted word as it was", () => {
  expect(quoted("it's")).toBe(`'it'\\''s'`);
  expect(quoted("$(rm -rf)")).toBe("'$(rm -rf)'");
  expect(quoted("io.retry")).toBe("io.retry");
});

test("Python reads a literal as it was", () => {
  expect(literal({ a: null, b: [true, 1.5], c: 'say "no"\n' })).toBe(
    '{"a": None, "b": [True, 1.5], "c": "say \\"no\\"\\n"}',
  );
});

test("no call holds a key; all say where it is read from", () => {
  for (const snippet of [curl, cli, python])
    expect(snippet({ ...CALL, auth: true }).text).toContain("HAULAGE_API_KEY");
});

test("the command line puts up the file itself, Python too", () => {
  const call = {
    ...CALL,
    body: { type: "rewrite_novel", input: { file: ID, sentence_length_limit: 12 } },
    files: new Map([[ID, "my novel.pdf"]]),
  };
  expect(cli(call).text).toContain("--file 'file=my novel.pdf'");
  expect(cli(call).text).not.toContain(ID);
  expect(python(call).text).toContain('"file": str(client.upload("my novel.pdf").id)');
  expect(curl(call).text).toMatch(
    /^# 01970000-.* is my novel.pdf: curl .* -F 'file=@my novel.pdf'\n/,
  );
});

test("a delay stays one where a call can say so", () => {
  const options = { ...DEFAULTS, when: "delay" as const, delay: "10m" };
  const body = bodyOf("echo", {}, options, 0);
  const call = { ...CALL, body, delay: { text: "10m", seconds: 600 } };
  expect(body.run_at).toBe("1970-01-01T00:10:00.000Z");
  expect(cli(call).text).toContain("--run-at +10m");
  expect(python(call).text).toContain("timedelta(seconds=600)");
});

test("what is long is read from a file", () => {
  const call = { ...CALL, body: { type: "echo", input: { value: "x".repeat(5000) } } };
  expect(curl(call)).toMatchObject({ file: { name: "job.json" } });
  expect(cli(call).text).toContain("-i @input.json");
  expect(python(call).text.length).toBeLessThan(400);
});

test("only what was said is sent", () => {
  expect(bodyOf("echo", 1, DEFAULTS, 0)).toEqual({ type: "echo", input: 1 });
  const all = { ...DEFAULTS, queue: "slow", priority: "high", tags: ["a"], timeout: "2m" } as const;
  expect(bodyOf("echo", 1, { ...all, tags: ["a"], maxAttempts: 2, webhook: "w" }, 0)).toEqual({
    type: "echo",
    input: 1,
    queue: "slow",
    priority: "high",
    tags: ["a"],
    max_attempts: 2,
    timeout_s: 120,
    webhook: "w",
  });
});

test("a clone says only what its type does not say already", () => {
  const policy = { max_attempts: 3, timeout_s: 30 };
  const job = { queue: "io", priority: "low" as const, tags: ["a", "schedule:x"], ...policy };
  expect(optionsOf({ ...job, max_attempts: 5 }, { queue: "io", policy })).toEqual({
    ...DEFAULTS,
    priority: "low",
    tags: ["a"],
    maxAttempts: 5,
  });
});

test("spans are read as the command line reads them", () => {
  expect([spanSeconds("90"), spanSeconds("1.5h"), spanSeconds("+2 d")]).toEqual([90, 5400, 172800]);
  expect(spanSeconds("soon")).toBeNull();
  expect(optionFaults({ ...DEFAULTS, when: "delay", delay: "soon" })).toHaveProperty("delay");
});
