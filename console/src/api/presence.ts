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

/** Ask now: for those who have missed something that is no request of ours. */
export async function lookWhetherAway() {
  sawApi(await answers());
}

async function ask() {
  if (await answers()) sawApi(true);
  else timer = setTimeout(ask, ASK_EVERY_MS);
}

const answers = () =>
  fetch(href("/health"), { cache: "no-store" })
    .then((response) => response.ok)
    .catch(() => false);
