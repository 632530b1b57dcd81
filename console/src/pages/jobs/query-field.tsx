/** The typed query with completion. Enter applies it, Escape takes it back. */

import { ActionIcon } from "@mantine/core";
import { Search, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useQueueNames, useTypeNames } from "@/hooks/use-names";
import { accepted, type Suggestion, suggest } from "./complete";
import css from "./query-field.module.css";

export function QueryField({ value, onApply }: { value: string; onApply: (q: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState(value.length);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [touched, setTouched] = useState(false);
  const types = useTypeNames(touched);
  const queues = useQueueNames(touched);
  // The address changed by other means: Back, a chip, a saved view.
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    const press = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "/" || /^(INPUT|TEXTAREA)$/.test((event.target as HTMLElement).tagName))
        return;
      event.preventDefault();
      field.current?.focus();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);

  const options = open
    ? suggest(text, caret, { type: types.data ?? [], queue: queues.data ?? [] })
    : [];
  const take = (suggestion: Suggestion) => {
    const next = accepted(text, caret, suggestion);
    setText(next.text);
    setCaret(next.caret);
    setAt(-1);
    requestAnimationFrame(() => field.current?.setSelectionRange(next.caret, next.caret));
  };
  const apply = (q: string) => {
    setOpen(false);
    setAt(-1);
    onApply(q.trim());
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = options[at];
    if (step && options.length) {
      setOpen(true);
      setAt((at + step + options.length + (at < 0 && step < 0 ? 1 : 0)) % options.length);
    } else if (event.key === "Enter") chosen ? take(chosen) : apply(text);
    else if (event.key === "Tab" && chosen && !event.shiftKey) take(chosen);
    else if (event.key === "Escape") {
      if (open && options.length) setOpen(false);
      else setText(value);
    } else return;
    event.preventDefault();
  };

  return (
    <div className={css.box}>
      <Search size={14} aria-hidden className={css.icon} />
      <input
        ref={field}
        className={css.field}
        role="combobox"
        aria-label="Filter jobs"
        aria-expanded={options.length > 0}
        aria-controls="query-options"
        aria-activedescendant={at < 0 ? undefined : `query-option-${at}`}
        placeholder='Filter: state:failed type:echo tag:nightly created:<2h "no text"'
        spellCheck={false}
        autoComplete="off"
        value={text}
        onFocus={() => {
          setTouched(true);
          setOpen(true);
        }}
        onBlur={() => setOpen(false)}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setCaret(event.currentTarget.selectionStart ?? 0);
          setOpen(true);
          setAt(-1);
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
        onKeyDown={press}
      />
      {text && (
        <ActionIcon size="sm" aria-label="Clear the filter" onClick={() => apply("")}>
          <X size={14} />
        </ActionIcon>
      )}
      {options.length > 0 && (
        <div id="query-options" role="listbox" aria-label="Completions" className={css.options}>
          {options.map((option, number) => (
            <div
              key={option.text}
              id={`query-option-${number}`}
              role="option"
              tabIndex={-1}
              aria-selected={number === at}
              className={css.option}
              onMouseDown={(event) => {
                event.preventDefault();
                take(option);
              }}
            >
              <span className="mono">{option.text}</span>
              <span className="muted">{option.hint}</span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
