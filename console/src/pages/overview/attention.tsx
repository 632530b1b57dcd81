/** What somebody should look at, or that there is nothing. */

import { Link } from "@tanstack/react-router";
import { ChevronRight, CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import type { Matter } from "@/hooks/attention";
import css from "./overview.module.css";

export function Attention({ found }: { found: Matter[] | undefined }) {
  if (!found) return <div className={css.calm} aria-hidden />;
  if (!found.length)
    return (
      <p className={css.calm}>
        <CircleCheck size={14} color="var(--succeeded)" aria-hidden /> Nothing needs attention
      </p>
    );
  return (
    <ul className={css.matters} aria-label="Needs attention">
      {found.map((one) => (
        <li key={one.key}>
          <Link to={one.to} search={one.search as never} className={css.matter}>
            {one.tone === "failed" ? (
              <CircleAlert size={15} color="var(--failed)" aria-label="Urgent:" />
            ) : (
              <TriangleAlert size={15} color="var(--warning)" aria-label="Look at:" />
            )}
            <strong>{one.what}</strong>
            <span className={css.why}>{one.why}</span>
            <ChevronRight size={14} aria-hidden className={css.leads} />
          </Link>
        </li>
      ))}
    </ul>
  );
}
