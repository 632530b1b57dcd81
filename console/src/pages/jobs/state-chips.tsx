/** The states as chips: each one pressed narrows the list to it and the others pressed. */

import { has, toggled } from "@/hooks/job-query";
import { STATES, StateIcon } from "@/parts/state-badge";
import css from "./state-chips.module.css";

export function StateChips({ q, onChange }: { q: string; onChange: (q: string) => void }) {
  return (
    <fieldset className={css.chips}>
      <legend className="visually-hidden">States</legend>
      {STATES.map((state) => (
        <button
          key={state}
          type="button"
          className={css.chip}
          aria-pressed={has(q, "state", state)}
          onClick={() => onChange(toggled(q, "state", state))}
        >
          <StateIcon state={state} size={13} />
          {state}
        </button>
      ))}
    </fieldset>
  );
}
