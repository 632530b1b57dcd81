/** Saves what the page has as a file. */

import { ActionIcon, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";

export function SaveButton({
  label,
  name,
  content,
  icon,
  type = "application/json",
}: {
  label: string;
  name: string;
  content: () => string;
  icon: ReactNode;
  type?: string;
}) {
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content()], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={save}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
