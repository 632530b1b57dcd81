/** A job's state: a colour, a shape and a word, each enough by itself. */

import {
  CalendarClock,
  Circle,
  CircleCheck,
  CircleDot,
  CircleSlash,
  CircleX,
  Hourglass,
  type LucideIcon,
} from "lucide-react";
import type { Schema } from "@/api/client";
import css from "./state-badge.module.css";

export type State = Schema["State"];

const ICONS: Record<State, LucideIcon> = {
  scheduled: CalendarClock,
  queued: Circle,
  running: CircleDot,
  waiting: Hourglass,
  succeeded: CircleCheck,
  failed: CircleX,
  cancelled: CircleSlash,
};

export const STATES = Object.keys(ICONS) as State[];

export function StateIcon({ state, size = 14 }: { state: State; size?: number }) {
  const Icon = ICONS[state];
  return (
    <Icon
      size={size}
      strokeWidth={2.2}
      color={`var(--${state})`}
      aria-hidden
      className={css.icon}
    />
  );
}

/** `reason` is the API's word for why it waits, such as `retry`. */
export function StateBadge({ state, reason }: { state: State; reason?: string | null }) {
  return (
    <span className={css.badge} style={{ color: `var(--${state})` }}>
      <StateIcon state={state} />
      <span>{state}</span>
      {reason && <span className={css.reason}>{reason.replaceAll("_", " ")}</span>}
    </span>
  );
}
