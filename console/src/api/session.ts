/** Who is signed in: a key or token, in this tab's session storage and nowhere else. */

const PLACE = "haulage.credential";

type Session = { credential: string | null; why: string | null };

let session: Session = { credential: read(), why: null };
const listeners = new Set<() => void>();

function read(): string | null {
  try {
    return sessionStorage.getItem(PLACE);
  } catch {
    return null; // Storage is refused: kept in memory alone.
  }
}

function set(next: Session) {
  session = next;
  try {
    if (next.credential) sessionStorage.setItem(PLACE, next.credential);
    else sessionStorage.removeItem(PLACE);
  } catch {
    // See above.
  }
  for (const listener of listeners) listener();
}

export const currentSession = () => session;
export const signIn = (credential: string) => set({ credential: credential.trim(), why: null });

/** Forget the credential; `why` is shown on the sign-in page. */
export function signOut(why: string | null = null) {
  if (session.credential !== null || session.why !== why) set({ credential: null, why });
}

export function onSession(listener: () => void) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
