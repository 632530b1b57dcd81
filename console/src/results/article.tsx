/** An article: its headline and gist, its text when asked for. */

import { ChevronRight } from "lucide-react";
import css from "./newspaper.module.css";
import type { PaperArticle } from "./paper";

export function Article({
  article,
  place,
  active,
  open,
  onActive,
  onOpen,
}: {
  article: PaperArticle;
  place: number;
  active: boolean;
  open: boolean;
  onActive: (on: boolean) => void;
  onOpen: (on: boolean) => void;
}) {
  const { title, subtitle, author, body, topics, summary } = article;
  return (
    <article
      className={css.article}
      data-article={place}
      data-active={active || undefined}
      onMouseEnter={() => onActive(true)}
      onMouseLeave={() => onActive(false)}
    >
      <button
        type="button"
        className={css.headline}
        aria-expanded={open}
        onClick={() => onOpen(!open)}
        onFocus={() => onActive(true)}
        onBlur={() => onActive(false)}
      >
        <ChevronRight size={14} aria-hidden />
        <span>{title || "Without a headline"}</span>
      </button>
      {subtitle && <p className={css.subtitle}>{subtitle}</p>}
      {(author || topics.length > 0) && (
        <p className={css.byline}>{[author, topics.join(", ")].filter(Boolean).join(" · ")}</p>
      )}
      {open ? <p className={css.body}>{body}</p> : <p className={css.summary}>{summary}</p>}
    </article>
  );
}
