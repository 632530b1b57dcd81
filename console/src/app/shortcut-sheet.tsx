/** `?`: every key that does something. */

import { Kbd, Modal, Text } from "@mantine/core";
import { usePages } from "./navigation";
import css from "./shortcut-sheet.module.css";

export default function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const pages = usePages();
  const rows: [string[], string][] = [
    [["Ctrl", "K"], "Search: pages, jobs by id, commands"],
    [["?"], "This sheet"],
    [["["], "Narrow or widen the navigation"],
    [["/"], "Filter the list"],
    [["j", "k"], "To the next or the previous row of a list; Enter opens it"],
    [["x"], "Choose the row, or let go of it"],
    [["p"], "Hold lists and numbers as they are, or go on"],
    [["t"], "When things were, or how long ago"],
    ...pages.map((page): [string[], string] => [["g", page.key ?? ""], `Go to ${page.label}`]),
  ];
  return (
    <Modal opened onClose={onClose} title={<Text fw={600}>Keyboard shortcuts</Text>}>
      <dl className={css.sheet}>
        {rows.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>
              {keys.map((key) => (
                <Kbd key={key} size="xs">
                  {key}
                </Kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
