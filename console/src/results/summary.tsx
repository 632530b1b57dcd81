/** A summary beside its text; sentences that are the text's own are marked there. */

import { useMemo, useRef, useState } from "react";
import { Frame } from "./frame";
import { MarkedText, type MarkedTextHandle } from "./marked-text";
import { sentencesIn } from "./marks";
import { count, languageOf, number, object, text } from "./read";
import type { ResultProps } from "./registry";
import css from "./views.module.css";

export default function SummaryView({ job, result }: ResultProps) {
  const found = object(result);
  const summary = text(found.summary);
  const source = text(object(job.input).text);
  const own = found.method === "extractive";
  const marks = useMemo(() => (own ? sentencesIn(source, summary) : []), [own, source, summary]);
  const [active, setActive] = useState<number | null>(null);
  const place = useRef<MarkedTextHandle>(null);
  const [words, all] = [number(found.words) ?? 0, number(found.source_words) ?? 0];
  const sentences = marks.map(({ start, end }) => source.slice(start, end));
  return (
    <Frame
      facts={[
        <span key="words">
          <b>{count(words, "word")}</b> of {all.toLocaleString("en")}
          {all > 0 && ` (${share(words / all)})`}
        </span>,
        count(number(found.sentences) ?? 0, "sentence"),
        languageOf(found.language),
        own ? "the text's own sentences" : text(found.model) || "written by a model",
      ]}
      saves={[
        {
          label: "Text",
          name: `summary-${job.id}.txt`,
          type: "text/plain",
          content: () => `${summary}\n`,
        },
      ]}
    >
      <div className={css.beside}>
        <section className={css.lead} aria-label="Summary">
          {sentences.length > 0 && sentences.join("").length >= summary.length * 0.8
            ? sentences.map((sentence, number) => (
                <span key={marks[number]?.start}>
                  <button
                    type="button"
                    className={css.sentence}
                    data-active={marks[number]?.of === active || undefined}
                    title="Show it in the text"
                    onMouseEnter={() => setActive(marks[number]?.of ?? null)}
                    onMouseLeave={() => setActive(null)}
                    onFocus={() => setActive(marks[number]?.of ?? null)}
                    onBlur={() => setActive(null)}
                    onClick={() => place.current?.show(marks[number]?.start ?? 0)}
                  >
                    {sentence.replace(/\s+/g, " ")}
                  </button>{" "}
                </span>
              ))
            : summary}
        </section>
        {source ? (
          <MarkedText
            ref={place}
            label="The text"
            text={source}
            marks={marks}
            active={active}
            onActive={setActive}
          />
        ) : (
          <p className={css.none}>Its text is not kept any more.</p>
        )}
      </div>
    </Frame>
  );
}

const share = (part: number) =>
  `${part < 0.1 ? (part * 100).toFixed(1) : Math.round(part * 100)} %`;
