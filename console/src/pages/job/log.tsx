/** A job's log as it is written. It follows its end until the reader scrolls up. */

import { Button, TextInput } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, Download, Search } from "lucide-react";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import type { StreamMode } from "@/api/stream";
import type { LogLine } from "@/hooks/use-job-events";
import { Section } from "@/parts/page";
import { SaveButton } from "@/parts/save-button";
import css from "./log.module.css";

const ROW_PX = 22;
const NEAR_PX = 24;

const MODES: Record<StreamMode, string> = {
  connecting: "connecting",
  live: "live",
  polling: "no live stream here; asking every 2 s",
  paused: "paused",
  ended: "complete",
};

export function JobLog({
  jobId,
  lines,
  mode,
}: {
  jobId: string;
  lines: LogLine[];
  mode: StreamMode;
}) {
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search.trim().toLowerCase());
  const [follows, setFollows] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  const shown = useMemo(
    () => (wanted ? lines.filter((line) => textOf(line).toLowerCase().includes(wanted)) : lines),
    [lines, wanted],
  );
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  useEffect(() => {
    if (follows && shown.length) rows.scrollToIndex(shown.length - 1, { align: "end" });
  }, [follows, shown.length, rows]);
  const scrolled = () => {
    const place = box.current;
    if (place) setFollows(place.scrollHeight - place.scrollTop - place.clientHeight < NEAR_PX);
  };
  const count = wanted
    ? `${shown.length.toLocaleString()} of ${lines.length.toLocaleString()} lines`
    : `${lines.length.toLocaleString()} ${lines.length === 1 ? "line" : "lines"}`;
  return (
    <Section
      title="Log"
      aside={
        <div className={css.tools}>
          <span className="muted" role="status">
            {count} · {MODES[mode]}
          </span>
          <TextInput
            size="xs"
            className={css.search}
            aria-label="Search the log"
            placeholder="Search"
            leftSection={<Search size={13} />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
          <SaveButton
            label="Save the log"
            name={`${jobId}.log`}
            type="text/plain"
            content={() => shown.map((line) => `${line.at} ${textOf(line)}\n`).join("")}
            icon={<Download size={14} />}
          />
        </div>
      }
    >
      {shown.length === 0 ? (
        <p className={css.none}>
          {lines.length
            ? "No line has that."
            : mode === "ended"
              ? "It logged nothing."
              : "Nothing logged yet."}
        </p>
      ) : (
        <div className={css.frame}>
          <section
            ref={box}
            className={css.box}
            onScroll={scrolled}
            tabIndex={0}
            aria-label="Log lines"
          >
            <div className={css.all} style={{ height: rows.getTotalSize() }}>
              {rows.getVirtualItems().map((row) => {
                const line = shown[row.index];
                return (
                  line && (
                    <div
                      key={row.key}
                      className={css.line}
                      style={{ transform: `translateY(${row.start}px)` }}
                      title={textOf(line)}
                    >
                      <time dateTime={line.at}>{clockOf(line.at)}</time>
                      <span>{line.message}</span>
                      <span className="muted">{fieldsOf(line)}</span>
                    </div>
                  )
                );
              })}
            </div>
          </section>
          {!follows && (
            <Button
              className={css.follow}
              variant="default"
              radius="xl"
              leftSection={<ArrowDown size={13} />}
              onClick={() => setFollows(true)}
            >
              {mode === "ended" ? "To the end" : "Follow"}
            </Button>
          )}
        </div>
      )}
    </Section>
  );
}

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const clockOf = (at: string) => `${clock.format(new Date(at))}.${at.slice(20, 23).padEnd(3, "0")}`;

function fieldsOf({ fields }: LogLine): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}

const textOf = (line: LogLine) => `${line.message} ${fieldsOf(line)}`.trimEnd();
