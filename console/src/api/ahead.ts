/** What the page will ask for, asked for while the scripts that read it are still on their way. */

const asked = new Map<string, Promise<unknown>>();

/** Asks now; who wants what is called `name` takes the answer. */
export function askAhead<T>(name: string, ask: () => Promise<T>) {
  const answer = ask();
  // It is for the one who takes it to be told.
  answer.catch(() => {});
  asked.set(name, answer);
}

/** What was asked for under this name, once; without it asks now. */
export function askedAhead<T>(name: string, ask: () => Promise<T>): Promise<T> {
  const answer = asked.get(name) as Promise<T> | undefined;
  asked.delete(name);
  return answer ?? ask();
}
