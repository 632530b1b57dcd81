/** One number with its name, which leads to the list behind it. */

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import css from "./stat.module.css";

export function Stats({ children }: { children: ReactNode }) {
  return <div className={css.stats}>{children}</div>;
}

export function Stat({
  label,
  value,
  note,
  to,
  search,
  tone,
}: {
  label: string;
  value: ReactNode;
  note?: ReactNode;
  to?: string;
  search?: Record<string, string>;
  tone?: "failed" | "warning";
}) {
  const inside = (
    <>
      <span className={css.label}>{label}</span>
      <span className={css.value} style={tone && { color: `var(--${tone})` }}>
        {value}
      </span>
      {note && <span className={css.note}>{note}</span>}
    </>
  );
  return to ? (
    <Link to={to} search={search as never} className={`${css.stat} ${css.leads}`}>
      {inside}
    </Link>
  ) : (
    <div className={css.stat}>{inside}</div>
  );
}
