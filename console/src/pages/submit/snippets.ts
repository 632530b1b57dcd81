/** The same submit as a call of curl, Python and the command line. A real key is in none of them:
 * each reads `HAULAGE_API_KEY`. */

import type { Body } from "@/hooks/use-submit";
import type { Json } from "./schema";

export type Call = {
  body: Body;
  /** Where the API is: "https://example.org/haulage". */
  url: string;
  /** Whether callers are asked who they are. */
  auth: boolean;
  key: string;
  /** How the start was said, when it is a delay: "10m" and its seconds. */
  delay: { text: string; seconds: number } | null;
  /** Names of uploaded files, by id. */
  files: Map<string, string>;
};

export type Snippet = {
  text: string;
  /** What is too long to stand in the call, under the name by which the call reads it. */
  file: { name: string; content: string } | null;
};

const LONGEST = 3000;

export function curl({ body, url, auth, key, files }: Call): Snippet {
  const content = JSON.stringify(body, null, 2);
  const file = content.length > LONGEST ? { name: "job.json", content } : null;
  const lines = [
    ...uploads(body.input as Json, files, url, auth),
    `curl ${quoted(`${url}/api/v1/jobs`)}`,
    auth && `  -H "Authorization: Bearer $HAULAGE_API_KEY"`,
    key && `  -H ${quoted(`Idempotency-Key: ${key}`)}`,
    `  --json ${file ? "@job.json" : quoted(content)}`,
  ];
  return { text: call(lines), file };
}

export function cli({ body, url, auth, delay, files }: Call): Snippet {
  const { type, run_at: at, ...options } = body;
  const { input, paths } = withoutPaths(body.input as Json, files);
  const content = JSON.stringify(input, null, 2);
  const file = content.length > LONGEST ? { name: "input.json", content } : null;
  const empty = content === "{}";
  const lines = [
    auth && "# reads HAULAGE_API_KEY",
    ...uploads(input, files, url, auth),
    `HAULAGE_URL=${quoted(url)} haulage submit ${quoted(type)}`,
    !empty && `  -i ${file ? "@input.json" : quoted(JSON.stringify(input))}`,
    ...paths.map(([name, path]) => `  --file ${quoted(`${name}=${path}`)}`),
    options.queue && `  --queue ${quoted(options.queue)}`,
    options.priority && `  --priority ${options.priority}`,
    at && `  --run-at ${delay ? `+${delay.text.replace(/^\+/, "")}` : at}`,
    ...(options.tags ?? []).map((tag) => `  --tag ${quoted(tag)}`),
    options.max_attempts && `  --max-attempts ${options.max_attempts}`,
    options.timeout_s && `  --timeout ${options.timeout_s}`,
    options.webhook && `  --webhook ${quoted(options.webhook)}`,
    "  --wait",
  ];
  return { text: call(lines), file };
}

export function python({ body, url, auth, key, delay, files }: Call): Snippet {
  const { type, input, run_at: at, ...options } = body;
  const content = JSON.stringify(input, null, 2);
  const file = content.length > LONGEST ? { name: "input.json", content } : null;
  const given = file ? 'json.loads(Path("input.json").read_text("utf-8"))' : literal(input, files);
  const named = Object.entries(options).map(([name, value]) => `    ${name}=${literal(value)},`);
  if (at)
    named.push(
      delay
        ? `    run_at=datetime.now(UTC) + timedelta(seconds=${delay.seconds}),`
        : `    run_at=datetime.fromisoformat(${literal(at)}),`,
    );
  if (key) named.push(`    idempotency_key=${literal(key)},`);
  const imports = [
    file && "import json",
    at && `from datetime import ${delay ? "UTC, datetime, timedelta" : "datetime"}`,
    file && "from pathlib import Path",
  ].filter(Boolean);
  return {
    text: [
      ...imports,
      ...(imports.length ? [""] : []),
      "import haulage",
      "",
      `client = haulage.Client(${literal(url)})${auth ? "  # reads HAULAGE_API_KEY" : ""}`,
      "job = client.submit(",
      `    ${literal(type)},`,
      `    ${given},`,
      ...named,
      ")",
      "print(client.wait(job.id).result)",
    ].join("\n"),
    file,
  };
}

/** One word of a shell, whatever is in it. */
export function quoted(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A JSON value as Python writes it; ids of uploaded files become their uploads. */
export function literal(value: unknown, files?: Map<string, string>, margin = "    "): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") {
    const name = files?.get(value);
    return name ? `str(client.upload(${literal(name)}).id)` : JSON.stringify(value);
  }
  if (typeof value !== "object") return String(value);
  const inner = `${margin}    `;
  const parts = Array.isArray(value)
    ? value.map((one) => literal(one, files, inner))
    : Object.entries(value).map(
        ([name, one]) => `${JSON.stringify(name)}: ${literal(one, files, inner)}`,
      );
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const line = `${open}${parts.join(", ")}${close}`;
  if (line.length <= 72 && !line.includes("\n")) return line;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${margin}${close}`;
}

/** Fields that `--file` fills: those of the input itself that hold one file. */
function withoutPaths(input: Json, files: Map<string, string>) {
  if (!input || typeof input !== "object" || Array.isArray(input)) return { input, paths: [] };
  const paths: [string, string][] = [];
  const rest = Object.entries(input).filter(([name, value]) => {
    const path = typeof value === "string" ? files.get(value) : undefined;
    if (path) paths.push([name, path]);
    return !path;
  });
  return { input: Object.fromEntries(rest), paths };
}

/** What a reader does for a file of their own. */
function uploads(input: Json, files: Map<string, string>, url: string, auth: boolean): string[] {
  const text = JSON.stringify(input);
  const key = auth ? ' -H "Authorization: Bearer $HAULAGE_API_KEY"' : "";
  return [...files]
    .filter(([id]) => text.includes(`"${id}"`))
    .map(([id, name]) => {
      const shown = name.replace(/[\r\n]/g, " ");
      const upload = `curl ${quoted(`${url}/api/v1/files`)}${key} -F ${quoted(`file=@${shown}`)}`;
      return `# ${id} is ${shown}: ${upload}`;
    });
}

/** Lines as one command; comments before it stay lines of their own. */
function call(lines: (string | false | null | undefined | 0 | "")[]): string {
  const said = lines.filter((line): line is string => Boolean(line));
  const comments = said.filter((line) => line.startsWith("#"));
  const command = said.filter((line) => !line.startsWith("#")).join(" \\\n");
  return [...comments, command].join("\n");
}
