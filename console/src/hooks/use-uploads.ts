/** Uploads under way. A page has one of these, so that its button can wait for all of them. */

import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Schema } from "@/api/client";
import { type ProblemError, silence } from "@/api/problem";
import { send } from "@/api/upload";

export type Upload = {
  id: number;
  /** The field that it is for. */
  pointer: string;
  name: string;
  size: number;
  sent: number;
  problem: ProblemError | null;
};

export type Uploads = {
  all: Upload[];
  /** Resolves with the stored file, or with null when it was refused or taken back. */
  start: (pointer: string, file: File) => Promise<Schema["FileDocument"] | null>;
  drop: (id: number) => void;
};

export function useUploads(): Uploads {
  const [all, setAll] = useState<Upload[]>([]);
  const queries = useQueryClient();
  const running = useRef(new Map<number, AbortController>());
  const last = useRef(0);
  useEffect(() => {
    const mine = running.current;
    return () => {
      for (const one of mine.values()) one.abort();
    };
  }, []);

  const change = useCallback((id: number, changes: Partial<Upload>) => {
    setAll((before) => before.map((one) => (one.id === id ? { ...one, ...changes } : one)));
  }, []);
  const drop = useCallback((id: number) => {
    running.current.get(id)?.abort();
    setAll((before) => before.filter((one) => one.id !== id));
  }, []);
  const start = useCallback(
    async (pointer: string, file: File) => {
      last.current += 1;
      const id = last.current;
      const control = new AbortController();
      running.current.set(id, control);
      const { name, size } = file;
      setAll((before) => [...before, { id, pointer, name, size, sent: 0, problem: null }]);
      try {
        const stored = await send(file, {
          signal: control.signal,
          onProgress: (sent) => change(id, { sent }),
        });
        queries.setQueryData(["file", stored.id], stored);
        drop(id);
        return stored;
      } catch (error) {
        if (control.signal.aborted) drop(id);
        else change(id, { problem: isProblem(error) ? error : silence() });
        return null;
      } finally {
        running.current.delete(id);
      }
    },
    [change, drop, queries],
  );
  return { all, start, drop };
}

const isProblem = (error: unknown): error is ProblemError =>
  error instanceof Error && error.name === "ProblemError";
