/** Asks before some dead letters are run again or put aside. */

import { useState } from "react";
import { type Decision, decide } from "@/hooks/use-dead-letters";
import { Confirm } from "@/parts/confirm";

const CONSEQUENCE: Record<Decision, string> = {
  redrive:
    "The next run begins. Finished steps are not run again; attempts count anew and credits are reserved anew.",
  discard: "It leaves the dead letters and stays failed. A retry takes it back.",
};

export function DecisionDialog({
  decision,
  jobIds,
  onDone,
  onClose,
}: {
  decision: Decision;
  jobIds: string[];
  onDone?: () => void;
  onClose: () => void;
}) {
  const [done, setDone] = useState(0);
  const verb = decision === "redrive" ? "Redrive" : "Discard";
  const named = jobIds.length === 1 ? "this job" : `${jobIds.length} jobs`;
  const run = async () => {
    setDone(0);
    await decide(decision, jobIds, () => setDone((count) => count + 1));
    onDone?.();
  };
  return (
    <Confirm
      opened
      title={`${verb} ${named}?`}
      action={done && jobIds.length > 1 ? `${done} of ${jobIds.length} …` : `${verb} ${named}`}
      danger={decision === "discard"}
      onConfirm={run}
      onClose={onClose}
    >
      {CONSEQUENCE[decision]}
    </Confirm>
  );
}
