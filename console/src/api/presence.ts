/** Whether the API answers. Every request tells; while it is away, `/health` is asked until it is back. */

import { href } from "./base";

const ASK_EVERY_MS = 2000;

let away = false;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<(away: boolean) => void>();

export const isAway = () => away;

export function onPresence(listener: (away: boolean) => void) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** What a request has just found out. */
export function sawApi(answered: boolean) {
  if (away === !answered) return;
  away = !answered;
  clearTimeout(timer);
  if (away) timer = setTimeout(ask, ASK_EVERY_MS);
  for (const listener of listeners) listener(away);
}

async function ask() {
  const answered = await fetch(href("/health"), { cache: "no-store" })
    .then((response) => response.ok)
    .catch(() => false);
  if (answered) sawApi(true);
  else timer = setTimeout(ask, ASK_EVERY_MS);
}
