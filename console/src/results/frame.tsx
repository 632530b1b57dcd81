/** What stands above a result: its facts in a line, and what it can be saved as. */

import { ActionIcon, Button } from "@mantine/core";
import { Download, Maximize2 } from "lucide-react";
import { type ReactNode, useRef } from "react";
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
  const place = useRef<HTMLDivElement>(null);
  const enlarge = () =>
    document.fullscreenElement ? document.exitFullscreen() : place.current?.requestFullscreen();
  return (
    <div ref={place} className={css.frame}>
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
        {document.fullscreenEnabled && (
          <ActionIcon
            size="sm"
            aria-label="Full screen, and back"
            title="Full screen, and back"
            onClick={enlarge}
          >
            <Maximize2 size={13} />
          </ActionIcon>
        )}
      </div>
      {notice && <div className={css.notice}>{notice}</div>}
      {children}
    </div>
  );
}
