/** How much of something is taken. Nearly full is said by colour and by the numbers beside it. */

import css from "./meter.module.css";

export function Meter({
  label,
  used,
  most,
  warnAt = 0.8,
}: {
  label: string;
  used: number;
  most: number;
  /** The share from which it looks full; 2 for what may well be full. */
  warnAt?: number;
}) {
  const share = most > 0 ? Math.min(1, Math.max(0, used / most)) : 0;
  const tone = share >= 1 && warnAt <= 1 ? "full" : share >= warnAt ? "near" : undefined;
  return (
    // biome-ignore lint/a11y/useSemanticElements: what <meter> looks like is each browser's own affair
    <span
      className={css.track}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={most}
      aria-valuenow={Math.min(used, most)}
      aria-valuetext={`${used.toLocaleString()} of ${most.toLocaleString()}`}
    >
      <span className={css.bar} data-tone={tone} style={{ width: `${share * 100}%` }} />
    </span>
  );
}
