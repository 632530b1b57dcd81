/** What a button without words does: its `data-tip`, beside it while it is pointed at or has the keyboard's
 * focus. One element for all of the page, so that a list of buttons costs nothing. It repeats what the
 * button's `aria-label` says; to readers of screens it is not there. */

import { useEffect, useRef } from "react";
import css from "./tips.module.css";

const AFTER_MS = 300;
const GAP_PX = 6;

export function Tips() {
  const tip = useRef<HTMLDivElement>(null);
  useEffect(() => (tip.current ? watch(tip.current) : undefined), []);
  return <div ref={tip} className={css.tip} hidden aria-hidden />;
}

/** Shows and hides `tip` until what it gives back is called. */
function watch(tip: HTMLElement) {
  let of: Element | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const turnTo = (next: Element | null, afterMs: number) => {
    if (next === of) return;
    clearTimeout(timer);
    of = next;
    tip.hidden = true;
    if (of) timer = setTimeout(show, afterMs);
  };
  const show = () => {
    const text = of?.isConnected && of.getAttribute("data-tip");
    tip.hidden = !text;
    if (!of || !text) return;
    tip.textContent = text;
    const { left, top } = place(tip, of);
    tip.style.translate = `${Math.round(left)}px ${Math.round(top)}px`;
  };
  const point = (event: Event) => turnTo(tipped(event), AFTER_MS);
  const focus = (event: Event) => {
    const found = tipped(event);
    if (found?.matches(":focus-visible")) turnTo(found, 0);
  };
  const leave = () => turnTo(null, 0);
  const press = (event: KeyboardEvent) => event.key === "Escape" && leave();
  // What it says may have changed by it: "Copied".
  const click = () => setTimeout(() => of && !tip.hidden && show());
  const ways = [
    ["pointerover", point],
    ["focusin", focus],
    ["focusout", leave],
    ["scroll", leave],
    ["keydown", press],
    ["click", click],
  ] as const;
  for (const [name, listener] of ways)
    document.addEventListener(name, listener as EventListener, { capture: true, passive: true });
  return () => {
    clearTimeout(timer);
    for (const [name, listener] of ways)
      document.removeEventListener(name, listener as EventListener, { capture: true });
  };
}

const tipped = ({ target }: Event) =>
  target instanceof Element ? target.closest("[data-tip]") : null;

/** Above it, below where there is no room, or at its right; never out of the window. */
function place(tip: HTMLElement, of: Element) {
  const its = of.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  const within = (at: number, size: number, room: number) =>
    Math.max(GAP_PX, Math.min(at, room - size - GAP_PX));
  if (of.getAttribute("data-tip-side") === "right")
    return {
      left: its.right + GAP_PX,
      top: within(its.top + (its.height - own.height) / 2, own.height, innerHeight),
    };
  const above = its.top - own.height - GAP_PX;
  return {
    left: within(its.left + (its.width - own.width) / 2, own.width, innerWidth),
    top: above < GAP_PX ? its.bottom + GAP_PX : above,
  };
}
