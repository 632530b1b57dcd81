import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./api";
import { inBrowser } from "./browser";
import { python, type System, up } from "./system";

let system: System;
beforeAll(async () => {
  system = await up(["--auth"]);
});
afterAll(() => system?.stop());
const open = inBrowser();
const REFUSED = { expected: /status of 401/ };

test("a wrong key is refused in words, and the right one opens the page that was asked for", async () => {
  const page = await open("/queues", { url: system.ready.url, ...REFUSED });
  const field = page.getByRole("textbox", { name: "API key or token" });
  await field.fill("hlg_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await field.fill(system.ready.key ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Queues" }).waitFor();
  await page.getByRole("button", { name: "Pause io" }).waitFor();
});

/** A page as somebody sees it who may only read. */
async function asViewer(path: string) {
  const { key } = await call<{ key: string }>(
    "POST",
    "/keys",
    { name: "viewer", scopes: ["read"] },
    system.ready,
  );
  const page = await open(path, { url: system.ready.url, ...REFUSED });
  await page.getByRole("textbox", { name: "API key or token" }).fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  return page;
}

test("who may only read sees the pages without what changes anything", async () => {
  const page = await asViewer("/queues");
  await page.getByRole("row", { name: /^io/ }).waitFor();
  expect(await page.getByRole("button", { name: /^(Pause|Resume)/ }).count()).toBe(0);

  const pages = page.getByRole("navigation", { name: "Pages" });
  expect(await pages.getByRole("link", { name: /^(Submit|Keys|Audit)$/ }).count()).toBe(0);
  await pages.getByRole("link", { name: "Jobs", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Jobs" }).waitFor();
  await page.getByText("No jobs yet").waitFor();
  expect(await page.getByRole("button", { name: /^Change/ }).count()).toBe(0);
});

test("who may only read and types /keys hears which scope it needs, and finds a way back", async () => {
  const page = await asViewer("/keys");
  await page.getByText("Your role may not see this page").waitFor();
  await page.getByText("It needs the scope admin; viewer has read.").waitFor();
  await page.getByRole("link", { name: "Go to the overview" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
});

test("the audit is narrowed to a person and to what they asked for", async () => {
  const { key } = await call<{ key: string }>(
    "POST",
    "/keys",
    { name: "ada", scopes: ["admin"] },
    system.ready,
  );
  await call("POST", "/queues/io/pause", { reason: null }, { url: system.ready.url, key });
  await call("POST", "/queues/io/resume", undefined, { url: system.ready.url, key });
  const page = await open("/audit?actor=ada", { url: system.ready.url, ...REFUSED });
  await page.getByRole("textbox", { name: "API key or token" }).fill(system.ready.key ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  const rows = page.getByRole("table", { name: "Audit" }).locator("tbody tr");
  await rows.getByText("resumed a queue").waitFor();
  expect(await rows.count()).toBe(2);
  const field = page.getByRole("combobox", { name: "What for: a part of it" });
  await field.fill("pause");
  await field.press("Enter");
  await rows.getByText("resumed a queue").waitFor({ state: "hidden" });
  expect(await rows.allTextContents()).toEqual([expect.stringContaining("paused a queue")]);
  expect(new URL(page.url()).search).toBe("?actor=ada&action=pause");
});

// The last one: until here nothing has run on this system.
test("the calls that a fresh system's overview teaches submit a job as they are written", async () => {
  const { url, key = "" } = system.ready;
  const page = await open("/", { url, ...REFUSED });
  await page.getByRole("textbox", { name: "API key or token" }).fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("No jobs yet").waitFor();
  const written = await page.locator("main code").allTextContents();
  expect(written.map((line) => /\b(haulage|curl) /.exec(line)?.[1])).toEqual(["haulage", "curl"]);
  const env = {
    ...process.env,
    HAULAGE_API_KEY: key,
    PATH: `${dirname(python())}:${process.env.PATH}`,
  };
  type Jobs = { data: { id: string; type: string }[] };
  const running = "/jobs?type=crunch&state=queued&state=running";
  for (const line of written) {
    const said = promisify(execFile)("bash", ["-c", line], { env }).catch((error) => error);
    const found = async () => (await call<Jobs>("GET", running, undefined, system.ready)).data;
    await expect.poll(found, { timeout: 20_000 }).toHaveLength(1);
    for (const { id } of await found()) {
      await call("POST", `/jobs/${id}/cancel`, undefined, system.ready);
      // One waits for its end, one has printed the job.
      const { stdout, stderr } = await said;
      expect(stdout + stderr).toContain(id);
    }
    await expect.poll(found, { timeout: 20_000 }).toEqual([]);
  }
});
