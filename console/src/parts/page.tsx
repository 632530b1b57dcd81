/** A page's frame: title, where one came from, what can be done. */

import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import css from "./page.module.css";

type Crumb = { label: string; to: string };

export function Page({
  title,
  heading,
  crumbs = [],
  actions,
  children,
}: {
  title: string;
  /** Shown instead of the title, which names the tab. */
  heading?: ReactNode;
  crumbs?: Crumb[];
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Haulage`;
  }, [title]);
  return (
    <div className={css.page}>
      <header className={css.head}>
        <div className={css.names}>
          {crumbs.length > 0 && (
            <nav aria-label="Breadcrumbs" className={css.crumbs}>
              {crumbs.map((crumb) => (
                <span key={crumb.to}>
                  <Link to={crumb.to}>{crumb.label}</Link>
                  <span aria-hidden> / </span>
                </span>
              ))}
            </nav>
          )}
          <h1 className={css.title}>{heading ?? title}</h1>
        </div>
        {actions && <div className={css.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A titled part of a page. */
export function Section({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={css.section} aria-label={title}>
      <div className={css.sectionHead}>
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** A bordered surface. */
export function Panel({ children, flush = false }: { children: ReactNode; flush?: boolean }) {
  return <div className={`${css.panel} ${flush ? css.flush : ""}`}>{children}</div>;
}
