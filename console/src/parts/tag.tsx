/** A short word beside a name: a kind, a condition. */

import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import css from "./tag.module.css";

export function Tag({
  children,
  tone,
  icon: Icon,
  title,
}: {
  children: ReactNode;
  tone?: "succeeded" | "failed" | "warning" | "running";
  icon?: LucideIcon;
  title?: string;
}) {
  return (
    <span className={css.tag} data-tone={tone} title={title}>
      {Icon && <Icon size={12} strokeWidth={2.2} aria-hidden />}
      {children}
    </span>
  );
}
