/** How many jobs, leading to them. Nothing of a kind is told quietly. */

import { Link } from "@tanstack/react-router";
import css from "./job-count.module.css";

export function JobCount({ count, q, what }: { count: number; q: string; what: string }) {
  if (!count) return <span className="muted">0</span>;
  return (
    <Link
      to="/jobs"
      search={{ q } as never}
      className={css.count}
      aria-label={`${count.toLocaleString()} ${what}`}
    >
      {count.toLocaleString()}
    </Link>
  );
}
