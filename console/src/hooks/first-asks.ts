/** What a page asks for first. Nothing of React is here: it is asked before that is there. */

import { askAhead, askedAhead } from "@/api/ahead";
import { href } from "@/api/base";
import { client, data } from "@/api/client";
import { read } from "./job-query";

export const PAGE_SIZE = 50;

export type View = {
  q: string;
  cursor?: string;
  /** What ages in the query are counted from: pages after the first belong to the first's moment. */
  at?: number;
};

const askWho = () => data(client.GET("/api/v1/me"));

export const whoIsThere = () => askedAhead("me", askWho);

async function askForJobs({ q, cursor, at }: View, signal?: AbortSignal) {
  const asked = at ?? Date.now();
  const { filters } = read(q, asked);
  const query = { ...filters, limit: PAGE_SIZE, ...(cursor && { cursor }) };
  const page = await data(client.GET("/api/v1/jobs", { params: { query }, signal }));
  return { ...page, asked };
}

export const jobsOf = (view: View, signal: AbortSignal) =>
  askedAhead(JSON.stringify(view), () => askForJobs(view, signal));

/** The list of jobs that an address names. */
export function viewOf({ q = "", cursor, at }: Record<string, string | undefined>): View {
  return { q, cursor, at: at ? Number(at) : undefined };
}

/** Asks for what the page at this address begins with. */
export function askForFirst({ pathname, search }: { pathname: string; search: string }) {
  askAhead("me", askWho);
  if (pathname !== href("/jobs")) return;
  const view = viewOf(Object.fromEntries(new URLSearchParams(search)));
  askAhead(JSON.stringify(view), () => askForJobs(view));
}
