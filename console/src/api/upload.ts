/** Sends a file and says how far it is: `fetch` can't, so this is `XMLHttpRequest`. */

import { href } from "./base";
import type { Schema } from "./client";
import { sawApi } from "./presence";
import { problemOf, silence } from "./problem";
import { currentSession, signOut } from "./session";

export type SendOptions = { signal: AbortSignal; onProgress: (sentBytes: number) => void };

/** The stored file; throws `ProblemError`. */
export function send(file: File, { signal, onProgress }: SendOptions) {
  return new Promise<Schema["FileDocument"]>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", href(`/api/v1/files?name=${encodeURIComponent(file.name)}`));
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    const { credential } = currentSession();
    if (credential) request.setRequestHeader("Authorization", `Bearer ${credential}`);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onerror = () => {
      sawApi(false);
      reject(silence());
    };
    request.onabort = () => reject(signal.reason);
    request.onload = async () => {
      const { status, statusText, responseText } = request;
      sawApi(status !== 502 && status !== 504);
      if (status === 201) return resolve(JSON.parse(responseText));
      const problem = await problemOf(new Response(responseText, { status, statusText }));
      if (status === 401 && credential) signOut(problem.message);
      reject(problem);
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
