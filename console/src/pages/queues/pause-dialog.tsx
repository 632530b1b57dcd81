/** Asks why a queue is to be paused: everybody who waits reads it. */

import { Textarea } from "@mantine/core";
import { useState } from "react";
import { pauseQueue, type Queue } from "@/hooks/use-queues";
import { Confirm } from "@/parts/confirm";
import { Fields } from "@/parts/fields";

export function PauseDialog({ queue, onClose }: { queue: Queue; onClose: () => void }) {
  const [reason, setReason] = useState("");
  return (
    <Confirm
      opened
      title={`Pause the queue ${queue.name}?`}
      action="Pause the queue"
      onConfirm={() => pauseQueue(queue.name, reason)}
      onClose={onClose}
    >
      <Fields>
        <p>{consequence(queue)}</p>
        <Textarea
          label="Why"
          description="Shown to everybody who asks why their job does not run."
          placeholder="The OCR model is being replaced"
          maxLength={500}
          autosize
          minRows={2}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
      </Fields>
    </Confirm>
  );
}

/** What a pause does to what is there now. */
export function consequence({ waiting, running }: Queue): string {
  const goesOn =
    running === 0
      ? "Nothing runs there now."
      : running === 1
        ? "The job that runs goes on to its end."
        : `The ${running.toLocaleString()} jobs that run go on to their end.`;
  const waits =
    waiting === 0
      ? "New jobs are accepted and wait."
      : waiting === 1
        ? "The job that waits stays where it is; new ones join it."
        : `The ${waiting.toLocaleString()} jobs that wait stay where they are; new ones join them.`;
  return `${goesOn} ${waits}`;
}
