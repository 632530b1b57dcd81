/** Walks a list by its cursors: forward by `next`, back by what was walked. */

import { Button } from "@mantine/core";
import { ChevronLeft, ChevronRight } from "lucide-react";
import css from "./keyset-pager.module.css";

export function KeysetPager({
  page,
  next,
  onFirst,
  onBack,
  onNext,
  busy = false,
}: {
  /** Counted from 1; null when a link led into the middle. */
  page: number | null;
  next: string | null | undefined;
  onFirst: () => void;
  onBack?: () => void;
  onNext: (cursor: string) => void;
  busy?: boolean;
}) {
  if (page === 1 && !next) return null;
  return (
    <nav aria-label="Pages" className={css.pager}>
      {page !== 1 && (
        <Button variant="subtle" color="gray" onClick={onFirst}>
          Newest
        </Button>
      )}
      {onBack && page !== 1 && (
        <Button variant="default" onClick={onBack} leftSection={<ChevronLeft size={14} />}>
          Back
        </Button>
      )}
      {page !== null && <span className="muted">Page {page}</span>}
      <Button
        variant="default"
        disabled={!next || busy}
        onClick={() => next && onNext(next)}
        rightSection={<ChevronRight size={14} />}
      >
        Next
      </Button>
    </nav>
  );
}
