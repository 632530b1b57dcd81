/** A list: fixed columns that cut what is too long, a link over each row, skeletons while it loads.
 * `j` and `k` walk its rows. On a phone each row becomes a card without the cells marked `wide`. */

import { Skeleton } from "@mantine/core";
import { type ReactNode, useDeferredValue, useRef } from "react";
import css from "./data-table.module.css";
import { useRowKeys } from "./row-keys";

export type Column<Row> = {
  name: string;
  /** A CSS width; what has none shares the rest. */
  width?: string;
  align?: "right";
  cell: (row: Row) => ReactNode;
  /** Left out on a phone. */
  wide?: boolean;
  /** On a phone it has a line of its own. */
  whole?: boolean;
  /** The header is for screen readers alone. */
  quiet?: boolean;
};

/** The class of a link that its whole row leads to. */
export const leads = css.leads;

export type Selection = {
  chosen: ReadonlySet<string>;
  onChange: (chosen: Set<string>) => void;
};

type Choose = (keys: string[], chosen: boolean) => void;

/** As many as a screen has room for. */
const AT_ONCE = 20;

export type TableProps<Row> = {
  label: string;
  columns: Column<Row>[];
  /** Undefined while they are loading. */
  rows: Row[] | undefined;
  keyOf: (row: Row) => string;
  selection?: Selection;
  waitingRows?: number;
  className?: string;
};

export function DataTable<Row>({
  label,
  columns,
  rows,
  keyOf,
  selection,
  waitingRows = 8,
  className,
}: TableProps<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body);
  const keys = rows?.map(keyOf) ?? [];
  const all = keys.length > 0 && keys.every((key) => selection?.chosen.has(key));
  const some = keys.some((key) => selection?.chosen.has(key));
  const choose: Choose = (which, chosen) => {
    const next = new Set(selection?.chosen);
    for (const key of which) chosen ? next.add(key) : next.delete(key);
    selection?.onChange(next);
  };
  return (
    <div className={`${css.frame} ${className ?? ""}`}>
      <table className={css.table} aria-label={label} aria-busy={!rows}>
        <thead>
          <tr>
            {selection && (
              <th className={css.check}>
                <Choice
                  label="Choose all on this page"
                  chosen={all}
                  partly={some && !all}
                  onChange={(chosen) => choose(keys, chosen)}
                />
              </th>
            )}
            {columns.map((column) => (
              <th
                key={column.name}
                scope="col"
                style={{ width: column.width, textAlign: column.align }}
                className={column.wide ? css.wide : undefined}
              >
                <span className={column.quiet ? "visually-hidden" : undefined}>{column.name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {rows ? (
            <Rows {...{ columns, rows, keyOf, selection, choose }} />
          ) : (
            Array.from({ length: waitingRows }, (_, number) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
              <tr key={number}>
                <td colSpan={columns.length + (selection ? 1 : 0)}>
                  <Skeleton height={12} width={`${92 - ((number * 13) % 40)}%`} />
                </td>
              </tr>
            ))
          )}
        </tbody>
      </table>
    </div>
  );
}

/** The first of them at once, the others when those are on the screen. */
function Rows<Row>({
  columns,
  rows,
  keyOf,
  selection,
  choose,
}: Pick<TableProps<Row>, "columns" | "keyOf" | "selection"> & { rows: Row[]; choose: Choose }) {
  const count = useDeferredValue(rows.length, AT_ONCE);
  return rows.slice(0, count).map((row) => {
    const key = keyOf(row);
    const chosen = selection?.chosen.has(key) ?? false;
    return (
      <tr key={key} data-chosen={chosen || undefined}>
        {selection && (
          <td className={css.check}>
            <Choice
              label={`Choose ${key}`}
              chosen={chosen}
              onChange={(chosen) => choose([key], chosen)}
            />
          </td>
        )}
        {columns.map((column) => (
          <td
            key={column.name}
            data-name={column.quiet ? undefined : column.name}
            style={{ textAlign: column.align }}
            className={column.wide ? css.wide : column.whole ? css.whole : undefined}
          >
            {column.cell(row)}
          </td>
        ))}
      </tr>
    );
  });
}

/** The browser's own, one element: a list has fifty of them. */
function Choice({
  label,
  chosen,
  partly = false,
  onChange,
}: {
  label: string;
  chosen: boolean;
  partly?: boolean;
  onChange: (chosen: boolean) => void;
}) {
  return (
    <input
      type="checkbox"
      className={css.choice}
      aria-label={label}
      checked={chosen}
      ref={(box) => {
        if (box) box.indeterminate = partly;
      }}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
