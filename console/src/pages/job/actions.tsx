/** What can be done to this job. */

import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Copy, RotateCcw, Square } from "lucide-react";
import { useState } from "react";
import { type Act, act, fits, type Job, lookAgain } from "@/hooks/use-jobs";
import { Can } from "@/parts/can";
import { Confirm } from "@/parts/confirm";

const ASKS: Record<Act, { title: string; action: string; text: string }> = {
  cancel: {
    title: "Cancel this job?",
    action: "Cancel the job",
    text: "It is stopped where it is, its children too. Finished steps are kept: a retry goes on from there. Nothing is charged for it.",
  },
  retry: {
    title: "Retry this job?",
    action: "Retry the job",
    text: "It begins its next run. Finished steps are not run again; attempts count anew and its price is reserved anew.",
  },
  discard: {
    title: "Discard this dead letter?",
    action: "Discard it",
    text: "It leaves the dead letters and stays failed. A retry takes it back.",
  },
};

export function Actions({ job }: { job: Job }) {
  const [asking, setAsking] = useState<Act | null>(null);
  return (
    <>
      <Can scope="submit">
        <Button
          component={Link}
          to="/submit"
          search={{ from: job.id } as never}
          variant="default"
          leftSection={<Copy size={13} />}
        >
          Clone
        </Button>
      </Can>
      <Can scope="operate">
        {fits("discard", job) && (
          <Button variant="default" onClick={() => setAsking("discard")}>
            Discard
          </Button>
        )}
        {fits("retry", job) && (
          <Button leftSection={<RotateCcw size={13} />} onClick={() => setAsking("retry")}>
            Retry
          </Button>
        )}
        {fits("cancel", job) && (
          <Button
            variant="default"
            leftSection={<Square size={13} />}
            onClick={() => setAsking("cancel")}
          >
            Cancel
          </Button>
        )}
      </Can>
      {asking && (
        <Confirm
          opened
          title={ASKS[asking].title}
          action={ASKS[asking].action}
          danger={asking !== "retry"}
          onConfirm={() => act(asking, job.id).finally(lookAgain)}
          onClose={() => setAsking(null)}
        >
          {ASKS[asking].text}
        </Confirm>
      )}
    </>
  );
}
