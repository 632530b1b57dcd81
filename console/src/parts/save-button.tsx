/** Saves what the page has as a file. */

import { ActionIcon } from "@mantine/core";
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
    <ActionIcon aria-label={label} data-tip={label} onClick={() => save(name, content(), type)}>
      {icon}
    </ActionIcon>
  );
}
