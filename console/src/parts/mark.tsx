/** How something stands that is no job, with the shape and colour of the state of jobs that it is like. */

import { type State, StateIcon } from "./state-badge";
import css from "./state-badge.module.css";

export function Mark({ like, children, title }: { like: State; children: string; title?: string }) {
  return (
    <span className={css.badge} style={{ color: `var(--${like})` }} title={title}>
      <StateIcon state={like} />
      <span>{children}</span>
    </span>
  );
}
