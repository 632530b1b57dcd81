/** Many rows of unknown height in a box that scrolls; only those in sight are drawn. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type Ref, useImperativeHandle, useRef } from "react";
import css from "./rows.module.css";

export type RowsHandle = {
  show: (row: number) => void;
  /** The first row in sight. */
  at: () => number;
};

export function Rows({
  label,
  count,
  estimatePx,
  row,
  className,
  ref,
}: {
  label: string;
  count: number;
  estimatePx: number;
  row: (place: number) => ReactNode;
  className?: string;
  ref?: Ref<RowsHandle>;
}) {
  const box = useRef<HTMLElement>(null);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => estimatePx,
    overscan: 3,
  });
  useImperativeHandle(ref, () => ({
    show: (place) => rows.scrollToIndex(place, { align: "start" }),
    at: () => rows.getVirtualItemForOffset(box.current?.scrollTop ?? 0)?.index ?? 0,
  }));
  return (
    <section ref={box} className={`${css.box} ${className ?? ""}`} aria-label={label} tabIndex={0}>
      <div className={css.all} style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => (
          <div
            key={item.key}
            ref={rows.measureElement}
            data-index={item.index}
            className={css.row}
            style={{ transform: `translateY(${item.start}px)` }}
          >
            {row(item.index)}
          </div>
        ))}
      </div>
    </section>
  );
}
