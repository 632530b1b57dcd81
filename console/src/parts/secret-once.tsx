/** A secret that no later answer shows: it goes with the dialog, which only its button closes. */

import { Button, Group, Modal, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { CopyIt } from "./job-id";
import css from "./secret-once.module.css";

export function SecretOnce({
  title,
  secret,
  what,
  children,
  onClose,
}: {
  title: string;
  secret: string;
  /** "the key" */
  what: string;
  /** What it is for, and what happens to the one before. */
  children: ReactNode;
  onClose: () => void;
}) {
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
      size={560}
      title={<Text fw={600}>{title}</Text>}
    >
      <div className={css.shown}>
        <p>Copy {what} now: it is not shown again.</p>
        <div className={css.secret}>
          <code>{secret}</code>
          <CopyIt value={secret} what={what} />
        </div>
        <p className="muted">{children}</p>
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            I have kept it
          </Button>
        </Group>
      </div>
    </Modal>
  );
}
