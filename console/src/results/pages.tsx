/** A document's text beside its pages. */

import { useMemo, useState } from "react";
import { useJobFiles } from "@/hooks/use-files";
import { Frame } from "./frame";
import css from "./newspaper.module.css";
import { PageStrip } from "./page-strip";
import { ranges } from "./paging";
import { Picture } from "./picture";
import { count, languageOf, number, object, objects, text } from "./read";
import type { ResultProps } from "./registry";

export default function PagesView({ job, result }: ResultProps) {
  const pages = useMemo(
    () =>
      objects(object(result).pages).map((page, place) => ({
        number: number(page.page_number) ?? place + 1,
        skipped: page.status === "skipped",
        reason: text(page.reason),
        text: text(page.text),
        language: languageOf(page.language),
      })),
    [result],
  );
  const files = useJobFiles(job.id);
  const file = files.data?.find((one) => one.role === "named")?.id ?? null;
  const [at, setAt] = useState(0);
  const page = pages[at];
  const skipped = pages.filter((one) => one.skipped).map((one) => one.number);
  const languages = [...new Set(pages.map((one) => one.language))].filter(Boolean);
  return (
    <Frame
      facts={[
        <b key="pages">{count(pages.length, "page")}</b>,
        skipped.length > 0 && `skipped: ${ranges(skipped)}`,
        languages.join(", "),
      ]}
      saves={[
        {
          label: "Text",
          name: `text-${job.id}.txt`,
          type: "text/plain",
          content: () => pages.map((one) => `${one.text}\n`).join("\n\f\n"),
        },
      ]}
    >
      {pages.length > 1 && <PageStrip pages={pages} at={at} onGo={setAt} />}
      {page && (
        <div className={css.beside}>
          <div className={css.picture}>
            {!files.isLoading && <Picture file={file} page={page.number} />}
          </div>
          <section className={css.articles} aria-label={`Text of page ${page.number}`} tabIndex={0}>
            {page.skipped ? (
              <p className={css.skipped}>
                <b>This page is skipped.</b> {page.reason}
              </p>
            ) : (
              <p className={css.plain}>{page.text || "There is no text on it."}</p>
            )}
          </section>
        </div>
      )}
    </Frame>
  );
}
