/** A job's events as they happen, without a gap: over reconnects, a hidden tab, a proxy that holds back.
 *
 * Server-sent events by `fetch`, because `EventSource` can't carry a credential. A connection that
 * breaks is taken up after the last event that was seen. While the tab is hidden nothing is read.
 * Where no stream gets through (`silentMs` without a byte, or refused), the mode becomes "polling":
 * whoever listens asks for the documents instead; the stream is tried again beside it.
 */

import { createParser } from "eventsource-parser";
import { href } from "./base";
import { ask } from "./client";
import { ProblemError } from "./problem";

export type StreamMode = "live" | "polling" | "paused" | "ended" | "connecting";
export type JobEvent = {
  seq: number;
  kind: string;
  data: Record<string, unknown> & { at: string };
};

const FINAL = new Set(["succeeded", "failed", "cancelled"]);

export type FollowOptions = {
  after?: number;
  onEvents: (events: JobEvent[]) => void;
  onMode?: (mode: StreamMode) => void;
  signal: AbortSignal;
  silentMs?: number;
  retryMs?: number;
};

/** Read until the job's last event or `signal`. Events come in order and each once. */
export async function follow(jobId: string, options: FollowOptions): Promise<void> {
  const { signal, onMode = () => {}, silentMs = 20_000, retryMs = 1000 } = options;
  let last = options.after ?? 0;
  let failures = 0;
  let over = false;
  while (!signal.aborted) {
    if (document.hidden) {
      onMode("paused");
      await shown(signal);
      continue;
    }
    const before = last;
    const connection = new AbortController();
    const stop = () => connection.abort();
    const hide = () => document.hidden && stop();
    signal.addEventListener("abort", stop);
    document.addEventListener("visibilitychange", hide);
    try {
      await read(jobId, last, connection, silentMs, (events) => {
        const fresh = events.filter((event) => event.seq > last);
        last = fresh.at(-1)?.seq ?? last;
        // A redriven job has ends in the middle of its story: it is over when the story stops at one.
        if (fresh.length) over = isEnd(fresh.at(-1));
        failures = 0;
        onMode("live");
        if (fresh.length) options.onEvents(fresh);
      });
      if (over) {
        onMode("ended");
        return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ProblemError && [401, 403, 404].includes(error.status)) return;
    } finally {
      signal.removeEventListener("abort", stop);
      document.removeEventListener("visibilitychange", hide);
      connection.abort();
    }
    if (document.hidden || signal.aborted) continue;
    failures = last > before ? 0 : failures + 1;
    if (failures > 1) onMode("polling");
    await pause(Math.min(retryMs * 2 ** Math.min(failures, 4), 15_000), signal);
  }
}

const isEnd = (event: JobEvent | undefined) =>
  event?.kind === "state" && FINAL.has(String(event.data.state));

/** One connection, to its end. */
async function read(
  jobId: string,
  after: number,
  connection: AbortController,
  silentMs: number,
  take: (events: JobEvent[]) => void,
): Promise<void> {
  // The greeting comes at once; where it does not, something in between holds the stream back.
  let silent = setTimeout(() => connection.abort(), silentMs / 4);
  try {
    const response = await ask(href(`/api/v1/jobs/${jobId}/events`), {
      headers: { Accept: "text/event-stream", "Last-Event-ID": String(after) },
      signal: connection.signal,
    });
    let gathered: JobEvent[] = [];
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        gathered.push({ seq: Number(id), kind: event ?? "message", data: JSON.parse(data) });
      },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(silent);
      silent = setTimeout(() => connection.abort(), silentMs);
      parser.feed(value);
      take(gathered);
      gathered = [];
    }
  } finally {
    clearTimeout(silent);
  }
}

function shown(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look);
    look();
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
