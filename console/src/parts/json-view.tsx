/** A JSON document, indented and coloured; long ones are cut until asked for. */

import { Button } from "@mantine/core";
import { type ReactNode, useMemo, useState } from "react";
import { CopyIt } from "./job-id";
import css from "./json-view.module.css";

const TOKEN =
  /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;
const SHOWN_CHARS = 20_000;

export function JsonView({ value, label = "JSON" }: { value: unknown; label?: string }) {
  const [whole, setWhole] = useState(false);
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? "null", [value]);
  const shown = whole ? text : text.slice(0, SHOWN_CHARS);
  const coloured = useMemo(() => colour(shown), [shown]);
  return (
    <div className={css.view}>
      <div className={css.copy}>
        <CopyIt value={text} what={label} />
      </div>
      <section className={css.text} tabIndex={0} aria-label={label}>
        {coloured}
      </section>
      {shown.length < text.length && (
        <Button variant="subtle" onClick={() => setWhole(true)}>
          Show all {text.length.toLocaleString()} characters
        </Button>
      )}
    </div>
  );
}

function colour(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [all, string, colon, word] = match;
    parts.push(text.slice(end, match.index));
    const kind = string ? (colon ? css.key : css.string) : word ? css.word : css.number;
    parts.push(
      <span key={match.index} className={kind}>
        {string ?? all}
      </span>,
    );
    if (colon) parts.push(colon);
    end = match.index + all.length;
  }
  return [...parts, text.slice(end)];
}
