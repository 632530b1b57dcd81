/** A whole system as real processes, `haulage up`, in a folder of its own on free ports. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";

const ROOT = new URL("../..", import.meta.url).pathname;
const STOPS_WITHIN_MS = 30_000;

/** What its ready line says, as far as it is used here. */
export type Ready = {
  url: string;
  /** With `--auth`: it may do everything. */
  key?: string;
};

export type System = {
  ready: Ready;
  /** Ends it; with `keep` its data stay for one that is started in `folder` later. */
  stop: (options?: { keep: boolean }) => Promise<void>;
  folder: string;
};

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
export async function up(
  flags: string[] = [],
  folder = mkdtempSync(join(tmpdir(), "haulage-e2e-")),
): Promise<System> {
  const log = join(folder, "log");
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("HAULAGE_"));
  const env = {
    ...Object.fromEntries(inherited),
    PYTHONPATH: `${ROOT}console/tools:${ROOT}`,
    HAULAGE_ENGINE_SHUTDOWN_S: "2",
  };
  const written = openSync(log, "a");
  const child = spawn(
    python(),
    [
      ...["-m", "haulage", "up", "-o", "json", "--data", join(folder, "data")],
      ...["--cpu-processes", "2", "--handlers", "lively_handlers", ...flags],
    ],
    { env, stdio: ["ignore", "pipe", written] },
  );
  closeSync(written);
  const stop = async ({ keep } = { keep: false }) => {
    await ended(child);
    if (!keep) rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { ready: await readyLine(child), stop, folder };
  } catch (error) {
    const said = readFileSync(log, "utf8").slice(-4000);
    await stop();
    throw new Error(`haulage up did not start: ${error}\n${said}`);
  }
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
