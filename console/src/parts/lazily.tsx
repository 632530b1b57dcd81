/** Parts that are loaded when they are first looked at. One that could not be loaded says so, and comes
 * by itself when the API, which serves them, is back. */

import { type ComponentType, use, useEffect, useState, useSyncExternalStore } from "react";
import { isAway, lookWhetherAway, onPresence } from "@/api/presence";
import css from "./lazily.module.css";
import { Page } from "./page";
import { ProblemPanel } from "./problem-panel";

type Load<Props> = () => Promise<{ default: ComponentType<Props> }>;
/** What it is, which says how its absence is told: as a page, in its place, or over the page. */
type Kind = "page" | "part" | "dialog";

/** As `lazy`; `preload` loads it ahead and never rejects. */
export function lazily<Props extends object>(load: Load<Props>, kind: Kind = "part") {
  let Loaded: ComponentType<Props> | undefined;
  let failed = false;
  let loading: Promise<void> | undefined;
  const preload = () => {
    loading ??= load().then(
      (module) => {
        Loaded = module.default;
      },
      () => {
        failed = true;
      },
    );
    return loading;
  };
  // biome-ignore lint/correctness/noComponentHookFactories: called once for each part, outside components, as `lazy` is
  function Lazy(props: Props) {
    if (!Loaded && !failed) use(preload());
    return Loaded ? <Loaded {...props} /> : <Unloaded kind={kind} />;
  }
  return Object.assign(Lazy, { preload });
}

const RELOADED = "haulage.reloaded";
const NOT_AGAIN_WITHIN_MS = 10_000;

function Unloaded({ kind }: { kind: Kind }) {
  const away = useSyncExternalStore(onPresence, isAway);
  const [looked, setLooked] = useState(false);
  const [stuck, setStuck] = useState(false);
  useEffect(() => {
    lookWhetherAway().then(() => setLooked(true));
  }, []);
  useEffect(() => {
    // The whole document: of a part that is asked for again a browser may remember the failure, and the
    // console may have been built anew. Where one is, lies in the address.
    if (looked && !away) setStuck(!reloadOnce());
  }, [looked, away]);
  const what = kind === "page" ? "This page" : "A part of this page";
  const error = stuck
    ? new Error(`${what} is missing where the API serves the console from.`)
    : away
      ? new Error("The API, which serves it, does not answer. It comes by itself when it is back.")
      : null;
  const said = error && (
    <ProblemPanel
      title={stuck ? `${what} could not be loaded` : `${what} could not be loaded yet`}
      error={error}
      onRetry={stuck ? () => window.location.reload() : undefined}
    />
  );
  if (kind === "page") return <Page title={stuck ? "Not loaded" : "Not loaded yet"}>{said}</Page>;
  return kind === "dialog" ? <div className={css.over}>{said}</div> : said;
}

/** Loads the document anew; false when that has just been tried and was of no help. */
function reloadOnce(): boolean {
  try {
    const last = Number(sessionStorage.getItem(RELOADED));
    if (Date.now() - last < NOT_AGAIN_WITHIN_MS) return false;
    sessionStorage.setItem(RELOADED, String(Date.now()));
  } catch {
    return false; // Storage is refused: what cannot be counted is left to a press.
  }
  window.location.reload();
  return true;
}
