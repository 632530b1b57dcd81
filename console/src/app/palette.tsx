/** ⌘K: a few letters to any page, a pasted id to its job. */

import { Modal } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { CornerDownLeft, Search } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { holdOrGoOn, useHeld } from "@/hooks/query";
import { turnTimes, useExactTimes } from "@/parts/time";
import { usePages } from "./navigation";
import css from "./palette.module.css";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

type Command = { label: string; hint?: string; run: () => void };

export default function Palette({ onClose }: { onClose: () => void }) {
  const pages = usePages();
  const navigate = useNavigate();
  const exact = useExactTimes();
  const held = useHeld();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const go = (to: string, search = {}) => navigate({ to, search: search as never });
  const wanted = text.trim();
  const commands: Command[] = pages.map((page) => ({
    label: page.label,
    hint: page.key && `g ${page.key}`,
    run: () => go(page.path),
  }));
  for (const state of ["failed", "running", "queued"])
    commands.push({
      label: `Jobs that are ${state}`,
      run: () => go("/jobs", { q: `state:${state}` }),
    });
  commands.push({ label: held ? "Go on" : "Hold what is shown", hint: "p", run: holdOrGoOn });
  commands.push({
    label: exact ? "Show times as how long ago" : "Show times by the clock",
    hint: "t",
    run: turnTimes,
  });
  const found = commands.filter((one) => fits(one.label, wanted));
  if (UUID.test(wanted))
    found.unshift({ label: `Job ${wanted}`, run: () => go(`/jobs/${wanted.toLowerCase()}`) });
  else if (wanted)
    found.push({ label: `Search jobs: ${wanted}`, run: () => go("/jobs", { q: wanted }) });
  const chosen = Math.min(at, found.length - 1);
  const run = (command: Command | undefined) => {
    onClose();
    command?.run();
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((chosen + step + found.length) % found.length);
    else if (event.key === "Enter") run(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      yOffset="12vh"
      centered={false}
      size={560}
      aria-label="Search and commands"
    >
      <div className={css.field}>
        <Search size={16} aria-hidden />
        <input
          data-autofocus
          role="combobox"
          aria-expanded
          aria-controls="palette-list"
          aria-activedescendant={`palette-${chosen}`}
          aria-label="Go to a page, or paste a job's id"
          placeholder="Go to a page, or paste a job's id"
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={press}
        />
      </div>
      <div id="palette-list" role="listbox" aria-label="Commands" className={css.list}>
        {found.map((command, number) => (
          <div
            key={command.label}
            id={`palette-${number}`}
            role="option"
            tabIndex={-1}
            aria-selected={number === chosen}
            className={css.option}
            onMouseMove={() => setAt(number)}
            onClick={() => run(command)}
            onKeyDown={press}
          >
            <span className="ellipsis">{command.label}</span>
            <span className="muted">
              {number === chosen ? <CornerDownLeft size={13} aria-hidden /> : command.hint}
            </span>
          </div>
        ))}
      </div>
    </Modal>
  );
}

/** Whether `text` has the letters of `wanted`, in order. */
function fits(text: string, wanted: string): boolean {
  let from = 0;
  for (const letter of wanted.toLowerCase()) {
    from = text.toLowerCase().indexOf(letter, from) + 1;
    if (!from) return false;
  }
  return true;
}
