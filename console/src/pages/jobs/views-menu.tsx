/** Queries worth coming back to: some of ours, and those that the reader named; kept by this browser. */

import { ActionIcon, Menu, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { Trash2 } from "lucide-react";
import { type ReactElement, useState } from "react";

type View = { name: string; q: string };

const OURS: View[] = [
  { name: "All jobs", q: "" },
  { name: "At work", q: "state:running state:waiting" },
  { name: "Failed in the last day", q: "state:failed finished:<24h" },
  { name: "Waiting for more than ten minutes", q: "state:queued created:>10m" },
];

export type ViewsProps = {
  q: string;
  onOpen: (q: string) => void;
  /** The button that opens it; it is open when it is first drawn. */
  button: ReactElement;
};

export default function ViewsMenu({ q, onOpen, button }: ViewsProps) {
  const [saved, setSaved] = useLocalStorage<View[]>({ key: "haulage.views", defaultValue: [] });
  const [name, setName] = useState("");
  const keep = () => {
    if (!name.trim()) return;
    setSaved([...saved.filter((one) => one.name !== name.trim()), { name: name.trim(), q }]);
    setName("");
  };
  return (
    <Menu defaultOpened position="bottom-end" width={300} shadow="md">
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown>
        {OURS.map((view) => (
          <Menu.Item key={view.name} onClick={() => onOpen(view.q)}>
            {view.name}
          </Menu.Item>
        ))}
        {saved.length > 0 && <Menu.Label>Yours, in this browser</Menu.Label>}
        {saved.map((view) => (
          <Menu.Item
            key={view.name}
            onClick={() => onOpen(view.q)}
            rightSection={
              <ActionIcon
                component="span"
                size="sm"
                role="button"
                aria-label={`Forget ${view.name}`}
                onClick={(event: React.MouseEvent) => {
                  event.stopPropagation();
                  setSaved(saved.filter((one) => one !== view));
                }}
              >
                <Trash2 size={13} />
              </ActionIcon>
            }
          >
            <span title={view.q}>{view.name}</span>
          </Menu.Item>
        ))}
        <Menu.Divider />
        <TextInput
          p="xs"
          size="xs"
          aria-label="Name of this view"
          placeholder={q ? "Keep this filter as …" : "Filter first, then keep it here"}
          disabled={!q}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Enter") keep();
          }}
        />
      </Menu.Dropdown>
    </Menu>
  );
}
