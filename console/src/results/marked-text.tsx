/** A text with places marked in it, drawn paragraph by paragraph as it is scrolled to. */

import { type Ref, useImperativeHandle, useMemo, useRef } from "react";
import css from "./marked-text.module.css";
import { blockAt, blocksOf, isWrapped, type Mark, piecesOf } from "./marks";
import { Rows, type RowsHandle } from "./rows";

export type MarkedTextHandle = {
  /** Scroll to a place of the text. */
  show: (place: number) => void;
};

export function MarkedText({
  label,
  text,
  marks,
  active,
  at,
  onActive,
  onChoose,
  ref,
}: {
  label: string;
  text: string;
  /** Sorted by where they start. */
  marks: Mark[];
  /** What is looked at: its marks stand out. */
  active: number | null;
  /** Where the mark starts that is looked at alone. */
  at?: number | null;
  onActive?: (of: number | null) => void;
  onChoose?: (of: number, start: number) => void;
  ref?: Ref<MarkedTextHandle>;
}) {
  const rows = useRef<RowsHandle>(null);
  const blocks = useMemo(() => blocksOf(text), [text]);
  const textOf = (place: number) => text.slice(...(blocks[place] ?? [0, 0]));
  useImperativeHandle(ref, () => ({
    show: (place) => rows.current?.show(blockAt(blocks, place)),
  }));
  return (
    <Rows
      ref={rows}
      label={label}
      className={css.text}
      count={blocks.length}
      estimatePx={120}
      row={(place) => (
        <p className={css.block} data-flows={isWrapped(textOf(place)) || undefined}>
          {piecesOf(text, blocks[place] ?? [0, 0], marks).map((piece) =>
            piece.of === null ? (
              piece.text
            ) : (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the list beside it does the same by keys
              <mark
                key={piece.start}
                className={css.mark}
                data-active={piece.of === active || undefined}
                data-at={piece.start === at || undefined}
                onMouseEnter={() => onActive?.(piece.of)}
                onMouseLeave={() => onActive?.(null)}
                onClick={() => piece.of !== null && onChoose?.(piece.of, piece.start)}
              >
                {piece.text}
              </mark>
            ),
          )}
        </p>
      )}
    />
  );
}
