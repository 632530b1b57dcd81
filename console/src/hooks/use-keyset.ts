/** Walks a list by its cursors, which live in the address: `<KeysetPager next={…} {...pager} />`. */

import { useRef } from "react";
import { useUrlState } from "./use-url-state";

/** Changed with a list's filters: a cursor is good for the list that it was made for. */
export const FIRST_PAGE = { cursor: undefined, page: undefined };

export function useKeyset() {
  const [{ cursor, page }, change] = useUrlState();
  const number = Number(page ?? 1);
  // By page, what was walked in this visit: a link into the middle of a list knows no way back.
  const walked = useRef<Record<number, string | undefined>>({});
  if (number === 1) walked.current = {};
  walked.current[number] = cursor;
  const walk = (to: string | undefined, at: number) => {
    window.scrollTo(0, 0);
    change({ cursor: to, page: to && String(at) });
  };
  return {
    cursor,
    pager: {
      page: number,
      onFirst: () => walk(undefined, 1),
      onBack:
        number - 1 in walked.current
          ? () => walk(walked.current[number - 1], number - 1)
          : undefined,
      onNext: (next: string) => walk(next, number + 1),
    },
  };
}
