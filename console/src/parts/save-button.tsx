/** Saves what the page has as a file. */

import { ActionIcon, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { save } from "./save";

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
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={() => save(name, content(), type)}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
