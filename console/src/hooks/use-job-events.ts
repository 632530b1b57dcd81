/** A job's events from its first on, kept as they come; the job's document follows them. */

import { useEffect, useState, useSyncExternalStore } from "react";
import { follow, type JobEvent, type StreamMode } from "@/api/stream";
import { queries } from "./query";
import type { Job } from "./use-jobs";

export type LogLine = { seq: number; at: string; message: string; fields: Record<string, unknown> };
export type StateChange = { seq: number; at: string; state: string; data: JobEvent["data"] };

type Told = { mode: StreamMode; logs: LogLine[]; states: StateChange[] };

/** Told once a frame, however many events come in it. */
class Story {
  private told: Told = { mode: "connecting", logs: [], states: [] };
  private listeners = new Set<() => void>();
  private waiting = false;

  constructor(private jobId: string) {}

  get = () => this.told;

  listen = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  turn = (mode: StreamMode) => {
    if (mode !== this.told.mode) this.tell({ ...this.told, mode });
  };

  take = (events: JobEvent[]) => {
    const logs: LogLine[] = [];
    const states: StateChange[] = [];
    let progress: JobEvent["data"] | undefined;
    for (const { seq, kind, data } of events) {
      if (kind === "log")
        logs.push({
          seq,
          at: data.at,
          message: String(data.message ?? ""),
          fields: (data.fields ?? {}) as LogLine["fields"],
        });
      else if (kind === "state") states.push({ seq, at: data.at, state: String(data.state), data });
      else if (kind === "progress") progress = data;
    }
    this.tell({
      ...this.told,
      logs: logs.length ? this.told.logs.concat(logs) : this.told.logs,
      states: states.length ? this.told.states.concat(states) : this.told.states,
    });
    const key = ["job", this.jobId];
    const known = queries.getQueryData<Job>(key);
    // What the document had already when the story was told from its beginning is no news.
    if (progress && known?.state === "running" && isNews(progress, known)) {
      const { at: _, ...rest } = progress;
      queries.setQueryData<Job>(key, { ...known, progress: { ...known.progress, ...rest } });
    }
    const last = states.at(-1);
    if (last && known && known.state !== last.state) {
      for (const of of [key, ["attempts", this.jobId], ["why", this.jobId], ["steps", this.jobId]])
        queries.invalidateQueries({ queryKey: of, exact: true });
    }
  };

  private tell(told: Told) {
    this.told = told;
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      for (const listener of this.listeners) listener();
    });
  }
}

function isNews(progress: JobEvent["data"], { progress: known }: Job): boolean {
  return (
    Number(progress.done ?? 0) >= known.done &&
    Number(progress.percent ?? 0) >= (known.percent ?? 0)
  );
}

/** `run` starts it anew: a redriven job goes on after an end. */
export function useJobEvents(jobId: string, run: number | undefined) {
  const [story, setStory] = useState(() => new Story(jobId));
  useEffect(() => {
    if (run === undefined) return;
    const mine = new Story(jobId);
    setStory(mine);
    const stop = new AbortController();
    follow(jobId, { onEvents: mine.take, onMode: mine.turn, signal: stop.signal });
    return () => stop.abort();
  }, [jobId, run]);
  return useSyncExternalStore(story.listen, story.get);
}
