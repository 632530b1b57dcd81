/** How far a job is, and when it may be done. */

import type { Schema } from "@/api/client";
import css from "./progress-bar.module.css";
import { duration, useNow } from "./time";

type Progress = Schema["ProgressDocument"];

/** Percent, or null while nobody can tell. */
export function percentOf({ percent, done, failed, total }: Progress): number | null {
  if (percent !== null && percent !== undefined) return Math.min(100, percent);
  if (!total) return null;
  return Math.min(100, (100 * (done + failed)) / total);
}

/** Seconds to go, if the rest takes as long as what is done did; null while that would be a guess. */
export function etaSeconds(percent: number | null, elapsed: number): number | null {
  if (percent === null || percent < 3 || percent >= 100 || elapsed < 2) return null;
  return (elapsed * (100 - percent)) / percent;
}

export function ProgressBar({
  progress,
  since,
  slim = false,
}: {
  progress: Progress;
  /** When this attempt began; without it no time to go is told. */
  since?: string | null;
  slim?: boolean;
}) {
  const now = useNow();
  const percent = percentOf(progress);
  const elapsed = since ? (now - new Date(since).getTime()) / 1000 : 0;
  const eta = etaSeconds(percent, elapsed);
  const counted = progress.total
    ? `${progress.done} of ${progress.total}${progress.failed ? `, ${progress.failed} failed` : ""}`
    : null;
  return (
    <div className={css.progress}>
      <div
        className={css.track}
        role="progressbar"
        aria-label={progress.step ?? "Progress"}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent === null ? undefined : Math.round(percent)}
      >
        <div
          className={percent === null ? css.unknown : css.bar}
          style={percent === null ? undefined : { width: `${percent}%` }}
        />
      </div>
      {!slim && (
        <div className={css.words}>
          <span className="ellipsis">{progress.step ?? "Working"}</span>
          <span className={css.numbers}>
            {[
              counted,
              percent !== null && `${Math.floor(percent)} %`,
              eta !== null && `about ${duration(eta)} left`,
            ]
              .filter(Boolean)
              .join(" · ")}
          </span>
        </div>
      )}
    </div>
  );
}
