/** A newspaper's pages beside their articles; what is pointed at is lit on both sides. */

import { useEffect, useMemo, useRef, useState } from "react";
import { useJobFiles } from "@/hooks/use-files";
import { Article } from "./article";
import { csv } from "./csv";
import { Frame } from "./frame";
import css from "./newspaper.module.css";
import { PageStrip } from "./page-strip";
import { placeOf, ranges } from "./paging";
import { articleText, type PaperPage, pagesOf } from "./paper";
import { type Box, Picture } from "./picture";
import { count, object, text } from "./read";
import type { ResultProps } from "./registry";

export default function NewspaperView({ job, result }: ResultProps) {
  const pages = useMemo(() => pagesOf(result), [result]);
  const files = useJobFiles(job.id);
  const named = useMemo(
    () => (files.data ?? []).filter((one) => one.role === "named"),
    [files.data],
  );
  const [at, setAt] = useState(() =>
    Math.max(
      0,
      pages.findIndex((page) => !page.skipped),
    ),
  );
  const page = pages[at];
  const skipped = pages.filter((one) => one.skipped).map((one) => one.number);
  const articles = pages.reduce((sum, one) => sum + one.articles.length, 0);
  const own = job.type === "read_page" ? Number(object(job.input).page ?? 1) : page?.number;
  const place = page && placeOf(named, own ?? 1);
  return (
    <Frame
      facts={[
        <b key="articles">{count(articles, "article")}</b>,
        count(pages.length, "page"),
        skipped.length > 0 && `skipped: ${ranges(skipped)}`,
        text(object(result).issue_date) || text(object(result).date),
      ]}
      saves={[
        {
          label: "Text",
          name: `newspaper-${job.id}.txt`,
          type: "text/plain",
          content: () => asText(pages),
        },
        {
          label: "CSV",
          name: `articles-${job.id}.csv`,
          type: "text/csv",
          content: () => asCsv(pages),
        },
      ]}
    >
      {pages.length > 1 && (
        <PageStrip
          pages={pages.map(({ number, skipped }) => ({ number, skipped }))}
          at={at}
          onGo={setAt}
        />
      )}
      {page && !files.isLoading && (
        <PaperPageView
          key={page.number}
          page={page}
          file={place?.file ?? null}
          filePage={place?.page ?? 1}
        />
      )}
    </Frame>
  );
}

function PaperPageView({
  page,
  file,
  filePage,
}: {
  page: PaperPage;
  file: string | null;
  filePage: number;
}) {
  const [active, setActive] = useState<number | null>(null);
  const [open, setOpen] = useState<number | null>(null);
  const listed = useRef<HTMLElement>(null);
  const boxes: Box[] = page.articles.flatMap((article, of) =>
    article.boxes.map((box, place) => ({
      ...box,
      of,
      label: place === 0 ? article.title || `Article ${of + 1}` : undefined,
    })),
  );
  // Chosen on the picture: it is brought into sight among the articles, without moving the page.
  useEffect(() => {
    const box = listed.current;
    const chosen = open === null ? null : box?.querySelector(`[data-article="${open}"]`);
    if (!box || !(chosen instanceof HTMLElement)) return;
    box.scrollTo({ top: chosen.offsetTop - box.offsetTop - 8, behavior: "smooth" });
  }, [open]);
  return (
    <div className={css.beside}>
      <div className={css.picture}>
        <Picture
          file={file}
          page={filePage}
          boxes={boxes}
          active={active}
          onActive={setActive}
          onChoose={setOpen}
        />
      </div>
      <section
        ref={listed}
        className={css.articles}
        aria-label={`Page ${page.number}`}
        tabIndex={0}
      >
        {page.skipped && (
          <p className={css.skipped}>
            <b>This page is skipped.</b> {page.reason}
          </p>
        )}
        {!page.skipped && page.articles.length === 0 && (
          <p className="muted">No article stands on this page.</p>
        )}
        {page.articles.length > 0 && boxes.length === 0 && (
          <p className="muted">A model found these articles; where they stand it did not say.</p>
        )}
        {page.articles.map((article, of) => (
          <Article
            // biome-ignore lint/suspicious/noArrayIndexKey: an article is its place on the page
            key={of}
            article={article}
            place={of}
            active={of === active}
            open={of === open}
            onActive={(on) => setActive(on ? of : null)}
            onOpen={(on) => setOpen(on ? of : null)}
          />
        ))}
      </section>
    </div>
  );
}

const asText = (pages: PaperPage[]) =>
  pages
    .map((page) =>
      page.skipped
        ? `— Page ${page.number}: skipped. ${page.reason}\n`
        : `— Page ${page.number}\n\n${page.articles.map(articleText).join("\n\n\n")}\n`,
    )
    .join("\n\n");

const asCsv = (pages: PaperPage[]) =>
  csv(
    ["page", "title", "subtitle", "author", "topics", "summary", "body"],
    pages.flatMap((page) =>
      page.articles.map((one) => [
        page.number,
        one.title,
        one.subtitle,
        one.author,
        one.topics.join("; "),
        one.summary,
        one.body,
      ]),
    ),
  );
