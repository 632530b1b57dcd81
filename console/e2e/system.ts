/** A whole system as real processes, `haulage up`, in a folder of its own on free ports. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";

const ROOT = new URL("../..", import.meta.url).pathname;
const STARTS_WITHIN_MS = 30_000;
const STOPS_WITHIN_MS = 30_000;

/** What its ready line says, as far as it is used here. */
export type Ready = {
  url: string;
  /** With `--auth`: it may do everything. */
  key?: string;
  database_url: string;
  redis_url: string;
  data: string;
};

export type System = { ready: Ready; stop: () => Promise<void> };

/** A server of the API beside the system's own. */
export type Api = { url: string; stop: () => Promise<void> };

declare module "vitest" {
  interface ProvidedContext {
    ready: Ready;
  }
}

/** The system that the files share; it is gone when they have ended. */
export default async function setup(project: TestProject) {
  const system = await up();
  project.provide("ready", system.ready);
  return () => system.stop();
}

/** Started and answering. */
export async function up(flags: string[] = []): Promise<System> {
  const folder = mkdtempSync(join(tmpdir(), "haulage-e2e-"));
  const log = join(folder, "log");
  const child = haulage(
    [
      ...["up", "-o", "json", "--data", join(folder, "data")],
      ...["--cpu-processes", "2", "--handlers", "lively_handlers", ...flags],
    ],
    { HAULAGE_ENGINE_SHUTDOWN_S: "2" },
    log,
  );
  const stop = async () => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { ready: await readyLine(child), stop };
  } catch (error) {
    const said = readFileSync(log, "utf8").slice(-4000);
    await stop();
    throw new Error(`haulage up did not start: ${error}\n${said}`);
  }
}

/** Another server of the API on a system that runs, started and answering. */
export async function api(of: Ready, port: number): Promise<Api> {
  const log = join(of.data, "logs", `api-${port}.log`);
  const child = haulage(["api", "--port", String(port)], besides(of), log);
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + STARTS_WITHIN_MS;
  while (!(await fetch(`${url}/health`).catch(() => null))?.ok) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await ended(child);
      throw new Error(`haulage api did not start\n${readFileSync(log, "utf8").slice(-4000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { url, stop: () => ended(child) };
}

/** A worker of the io pool beside the system's own; its exit code when it has ended. */
export function worker(of: Ready) {
  const child = haulage(
    ["worker", "--pool", "io", "--concurrency", "3"],
    besides(of),
    join(of.data, "logs", "another-worker.log"),
  );
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { pid: child.pid, ended: exited, stop: () => ended(child) };
}

/** Keeps others from changing the jobs that have `tag`, until it is released. */
export async function holding(of: Ready, tag: string) {
  const child = spawn(python(), ["-c", HOLD, of.database_url, tag], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  for await (const _ of createInterface(child.stdout)) break;
  return { release: () => ended(child) };
}

const HOLD = `
import psycopg, sys
with psycopg.connect(sys.argv[1]) as database:
    database.execute("SELECT 1 FROM jobs WHERE tags @> %s FOR UPDATE", ([sys.argv[2]],))
    print("held", flush=True)
    sys.stdin.read()
`;

/** The settings of another process on a system that runs. */
const besides = (of: Ready) => ({
  HAULAGE_DATABASE_URL: of.database_url,
  HAULAGE_REDIS_URL: of.redis_url,
  HAULAGE_BLOB_URL: join(of.data, "blobs"),
  HAULAGE_HANDLERS: "lively_handlers",
  HAULAGE_ENGINE_SHUTDOWN_S: "1",
});

/** A port that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A process of ours; what it writes on stderr goes to the file `log`. */
function haulage(words: string[], settings: Record<string, string>, log: string): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("HAULAGE_"));
  const path = { PYTHONPATH: `${ROOT}console/tools:${ROOT}` };
  const written = openSync(log, "a");
  const child = spawn(python(), ["-m", "haulage", ...words], {
    env: { ...Object.fromEntries(inherited), ...path, ...settings },
    stdio: ["ignore", "pipe", written],
  });
  closeSync(written);
  return child;
}

/** The interpreter that runs the suite (tools/console.py says it), or the one of the checkout. */
export const python = () => process.env.CONSOLE_PYTHON ?? `${ROOT}.venv/bin/python`;

async function readyLine(of: ChildProcess): Promise<Ready> {
  if (!of.stdout) throw new Error("it has no output");
  for await (const line of createInterface(of.stdout)) return JSON.parse(line);
  throw new Error("it ended");
}

async function ended(of: ChildProcess) {
  if (of.exitCode !== null || of.signalCode !== null) return;
  const gone = new Promise((resolve) => of.once("exit", resolve));
  of.kill("SIGTERM");
  const late = setTimeout(() => of.kill("SIGKILL"), STOPS_WITHIN_MS);
  await gone;
  clearTimeout(late);
}
