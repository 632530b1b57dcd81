/** The pages of a document to choose from; those that were skipped say so. */

import { ActionIcon } from "@mantine/core";
import { ChevronLeft, ChevronRight } from "lucide-react";
import css from "./page-strip.module.css";

export type StripPage = { number: number; skipped: boolean };

export function PageStrip({
  pages,
  at,
  onGo,
}: {
  pages: StripPage[];
  /** A place in `pages`. */
  at: number;
  onGo: (place: number) => void;
}) {
  return (
    <nav className={css.strip} aria-label="Pages of the document">
      <ActionIcon aria-label="Page before" disabled={at <= 0} onClick={() => onGo(at - 1)}>
        <ChevronLeft size={16} />
      </ActionIcon>
      <div className={css.pages}>
        {pages.map((page, place) => (
          <button
            key={page.number}
            type="button"
            className={css.page}
            aria-current={place === at ? "page" : undefined}
            aria-label={`Page ${page.number}${page.skipped ? ", skipped" : ""}`}
            data-skipped={page.skipped || undefined}
            onClick={() => onGo(place)}
          >
            {page.number}
          </button>
        ))}
      </div>
      <ActionIcon
        aria-label="Next page"
        disabled={at >= pages.length - 1}
        onClick={() => onGo(at + 1)}
      >
        <ChevronRight size={16} />
      </ActionIcon>
    </nav>
  );
}
