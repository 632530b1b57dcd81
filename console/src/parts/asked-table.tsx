/** A list that was asked for: its rows, or why there are none. What was read before stays while the API is away. */

import type { ReactNode } from "react";
import { isAway } from "@/api/problem";
import { DataTable, type TableProps } from "./data-table";
import { ProblemPanel } from "./problem-panel";

export function AskedTable<Row>({
  asked: { error, refetch },
  empty,
  ...table
}: TableProps<Row> & {
  asked: { error: unknown; refetch: () => unknown };
  /** Shown where there is nothing to list. */
  empty: ReactNode;
}) {
  const { rows } = table;
  return (
    <>
      {Boolean(error) && !(rows && isAway(error)) && (
        <ProblemPanel error={error} onRetry={refetch} />
      )}
      {rows?.length === 0 ? empty : (rows || !error) && <DataTable {...table} />}
    </>
  );
}
