/** What went wrong, in the API's words: what, why, and where to look. */

import { Button } from "@mantine/core";
import { TriangleAlert } from "lucide-react";
import { ProblemError } from "@/api/problem";
import css from "./problem-panel.module.css";

export function ProblemPanel({
  error,
  title = "Something went wrong here",
  onRetry,
}: {
  error: unknown;
  /** For what is no problem of the API's. */
  title?: string;
  onRetry?: () => void;
}) {
  if (!error) return null;
  const problem = error instanceof ProblemError ? error : null;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div className={css.panel} role="alert">
      <TriangleAlert size={16} aria-hidden className={css.icon} />
      <div className={css.words}>
        <p className={css.title}>{problem?.title ?? title}</p>
        <p className={css.detail}>{message}</p>
        {problem && problem.faults.length > 0 && (
          <ul className={css.faults}>
            {problem.faults.map((fault) => (
              <li key={fault.where + fault.message}>
                {fault.where && <code>{fault.where}</code>} {fault.message}
              </li>
            ))}
          </ul>
        )}
        {problem?.requestId && (
          <p className={css.detail}>
            In the logs as request <code>{problem.requestId}</code>
          </p>
        )}
      </div>
      {onRetry && (
        <Button variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
