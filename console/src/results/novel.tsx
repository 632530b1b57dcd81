/** A novel as it was beside the short sentences it was made into; what failed, and doing that again. */

import { Button, NumberInput, SegmentedControl, Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useBook } from "@/hooks/use-book";
import { useSubmit } from "@/hooks/use-submit";
import { Can } from "@/parts/can";
import { shortId } from "@/parts/job-id";
import { ProblemPanel } from "@/parts/problem-panel";
import { type BookPage, bookPages, gapsOf } from "./book";
import { csv } from "./csv";
import { Frame } from "./frame";
import css from "./novel.module.css";
import { Picture } from "./picture";
import { count, languageOf, number, object, objects, text } from "./read";
import type { ResultProps } from "./registry";
import { Rows, type RowsHandle } from "./rows";

export default function NovelView({ job, result }: ResultProps) {
  const found = object(result);
  const book = useBook(job.id);
  const pages = useMemo(() => bookPages(result, book.data), [result, book.data]);
  const gaps = useMemo(() => gapsOf(result), [result]);
  const [as, setAs] = useState("text");
  const rows = useRef<RowsHandle>(null);
  const left = useRef(0);
  const turn = (next: string) => {
    left.current = rows.current?.at() ?? 0;
    setAs(next);
  };
  // One goes on reading where one was.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what it is shown as is what changes
  useEffect(() => rows.current?.show(left.current), [as]);
  const file = text(object(job.input).file) || null;
  const chunks = object(found.chunks);
  const sentences = objects(found.sentences);
  const cost = number(object(found.usage).cost) ?? 0;
  const go = (page: number) => {
    const place = pages.findIndex((one) => one.page >= page);
    rows.current?.show(place < 0 ? pages.length - 1 : place);
  };
  return (
    <Frame
      facts={[
        <b key="sentences">{count(sentences.length, "sentence")}</b>,
        found.method === "split" ? "split at clauses, no model" : "rewritten by a model",
        languageOf(found.language),
        `${number(chunks.processed) ?? 0} of ${count(number(chunks.total) ?? 0, "chunk")}`,
        cost > 0 && `$${cost.toFixed(4)}`,
      ]}
      notice={
        gaps.length > 0 && (
          <Again job={job} many={gaps.length} onGo={() => go(gaps[0]?.first ?? 1)} />
        )
      }
      saves={[
        {
          label: "Text",
          name: `novel-${job.id}.txt`,
          type: "text/plain",
          content: () => sentences.map((one) => `${text(one.text)}\n`).join(""),
        },
        {
          label: "CSV",
          name: `novel-${job.id}.csv`,
          type: "text/csv",
          content: () =>
            csv(
              ["page", "sentence"],
              sentences.map((one) => [one.page, text(one.text)]),
            ),
        },
      ]}
    >
      <div className={css.tools}>
        <span className={css.column}>
          The book as
          <SegmentedControl
            size="xs"
            aria-label="Show the book as"
            data={["text", "picture"]}
            value={as}
            onChange={turn}
          />
        </span>
        <span className={css.column}>
          Page
          <NumberInput
            size="xs"
            w={76}
            aria-label="Go to page"
            min={1}
            max={pages.at(-1)?.page}
            placeholder="1"
            onChange={(page) => typeof page === "number" && go(page)}
          />
          <span className="muted">of {pages.at(-1)?.page ?? 0}</span>
        </span>
      </div>
      {book.error && as === "text" && <ProblemPanel error={book.error} onRetry={book.refetch} />}
      <Rows
        // Rows are of other heights with pictures: what was measured does not hold.
        key={as}
        ref={rows}
        label="The book, page by page"
        count={pages.length}
        estimatePx={as === "text" ? 520 : 760}
        row={(place) => {
          const page = pages[place];
          return page && <PageRow page={page} as={as} file={file} waiting={book.isPending} />;
        }}
      />
    </Frame>
  );
}

function PageRow({
  page,
  as,
  file,
  waiting,
}: {
  page: BookPage;
  as: string;
  file: string | null;
  waiting: boolean;
}) {
  return (
    <div className={css.page} data-failed={page.gap ? true : undefined}>
      <div className={css.original}>
        <p className={css.number}>Page {page.page}</p>
        {as === "picture" ? (
          <Picture file={file} page={page.page} width={800} />
        ) : waiting ? (
          <Skeleton height={120} />
        ) : (
          <p>
            {page.original.join(" ") || <span className="muted">No sentence begins here.</span>}
          </p>
        )}
      </div>
      <div className={css.rewritten}>
        {page.gap && (
          <p className={css.gap}>
            <b>
              {page.gap.first === page.gap.last
                ? "This page failed."
                : `Pages ${page.gap.first}–${page.gap.last} failed.`}
            </b>{" "}
            {page.gap.reason}
          </p>
        )}
        {page.rewritten.map((sentence, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a sentence is its place
          <p key={place}>{sentence}</p>
        ))}
      </div>
    </div>
  );
}

/** The same job once more: what was done is shared and costs nothing, what failed is done. */
function Again({ job, many, onGo }: Pick<ResultProps, "job"> & { many: number; onGo: () => void }) {
  const submit = useSubmit();
  const start = () => submit.mutate({ body: { type: job.type, input: job.input, tags: job.tags } });
  return (
    <>
      <span>
        <b>{count(many, "part")} failed</b> and {many === 1 ? "is" : "are"} not in the result.
      </span>
      <Button size="compact-xs" variant="default" onClick={onGo}>
        Show the first
      </Button>
      {submit.data ? (
        <Link to="/jobs/$jobId" params={{ jobId: submit.data.id }} className={css.link}>
          Done again by {shortId(submit.data.id)}
        </Link>
      ) : (
        <Can scope="submit">
          <Button
            size="compact-xs"
            loading={submit.isPending}
            leftSection={<RotateCcw size={12} />}
            onClick={start}
          >
            Do what failed again
          </Button>
        </Can>
      )}
      <ProblemPanel error={submit.error} />
    </>
  );
}
