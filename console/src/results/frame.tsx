/** What stands above a result: its facts in a line, and what it can be saved as. */

import { Button } from "@mantine/core";
import { Download } from "lucide-react";
import type { ReactNode } from "react";
import { save } from "@/parts/save";
import css from "./frame.module.css";

export type Saved = { label: string; name: string; type: string; content: () => string };

export function Frame({
  facts,
  saves = [],
  notice,
  children,
}: {
  /** What is false is left out. */
  facts: (ReactNode | false | null | "")[];
  saves?: Saved[];
  notice?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className={css.frame}>
      <div className={css.head}>
        <ul className={css.facts}>
          {facts.filter(Boolean).map((fact, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a fact is its place
            <li key={place}>{fact}</li>
          ))}
        </ul>
        {saves.map(({ label, name, type, content }) => (
          <Button
            key={label}
            size="compact-xs"
            variant="subtle"
            color="gray"
            leftSection={<Download size={12} />}
            onClick={() => save(name, content(), type)}
          >
            {label}
          </Button>
        ))}
      </div>
      {notice && <div className={css.notice}>{notice}</div>}
      {children}
    </div>
  );
}
