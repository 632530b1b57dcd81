/** Asks before something that can't be taken back, and says what it will do. */

import { Button, Group, Modal, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { ProblemPanel } from "./problem-panel";

export function Confirm({
  opened,
  title,
  children,
  action,
  danger = false,
  size,
  onConfirm,
  onClose,
}: {
  opened: boolean;
  title: string;
  /** The consequence, and what it leaves alone. */
  children: ReactNode;
  /** A verb with its object: "Cancel 12 jobs". */
  action: string;
  danger?: boolean;
  /** Its width in pixels; the usual one holds a sentence or a few fields. */
  size?: number;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const close = () => {
    setError(null);
    onClose();
  };
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      close();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={opened} onClose={close} size={size} title={<Text fw={600}>{title}</Text>}>
      <div style={{ display: "grid", gap: 16 }}>
        <div>{children}</div>
        <ProblemPanel error={error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close} data-autofocus>
            Leave it
          </Button>
          <Button color={danger ? "red.8" : undefined} loading={busy} onClick={confirm}>
            {action}
          </Button>
        </Group>
      </div>
    </Modal>
  );
}
