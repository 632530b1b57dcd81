/** `j` and `k` walk the rows of a list, `x` chooses one; Enter opens it, as what is walked to is its link. */

import { type RefObject, useEffect } from "react";

const TYPED_IN = "input:not([type=checkbox]), textarea, select, [contenteditable]";
const WALKS: Record<string, number> = { j: 1, k: -1 };

export function useRowKeys(body: RefObject<HTMLTableSectionElement | null>) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { key, defaultPrevented, ctrlKey, metaKey, altKey } = event;
      if (defaultPrevented || ctrlKey || metaKey || altKey || !body.current) return;
      // What is behind a dialog stays as it is.
      if (document.querySelector("[role=dialog]") || (event.target as Element).matches(TYPED_IN))
        return;
      const rows = [...body.current.rows];
      const at = rows.findIndex((row) => row.contains(document.activeElement));
      if (key in WALKS) {
        const to = at < 0 ? 0 : at + (WALKS[key] ?? 0);
        rows[to]?.querySelector<HTMLElement>("a, button")?.focus();
      } else if (key === "x") rows[at]?.querySelector<HTMLElement>("input[type=checkbox]")?.click();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [body]);
}
