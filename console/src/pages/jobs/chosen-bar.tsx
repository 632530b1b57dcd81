/** What can be done to the chosen rows, one after another. */

import { Button, CloseButton } from "@mantine/core";
import { useState } from "react";
import { type Act, act, fits, type Job, lookAgain } from "@/hooks/use-jobs";
import { Confirm } from "@/parts/confirm";
import css from "./jobs.module.css";

const WORDS: Record<Act, { verb: string; past: string; consequence: string }> = {
  cancel: {
    verb: "Cancel",
    past: "cancelled",
    consequence:
      "What runs is stopped, its children too. Finished steps are kept: a retry goes on from there.",
  },
  retry: {
    verb: "Retry",
    past: "retried",
    consequence:
      "Each begins its next run. Finished steps are not run again; credits are reserved anew.",
  },
  discard: {
    verb: "Discard",
    past: "discarded",
    consequence: "They leave the dead letters and stay failed. A retry takes them back.",
  },
};
const ACTS = Object.keys(WORDS) as Act[];

export default function ChosenBar({ jobs, onClear }: { jobs: Job[]; onClear: () => void }) {
  const [asking, setAsking] = useState<Act | null>(null);
  const [done, setDone] = useState(0);
  if (jobs.length === 0) return null;
  const of = (action: Act) => jobs.filter((job) => fits(action, job));
  const named = (action: Act, count: number) =>
    `${WORDS[action].verb} ${count} ${count === 1 ? "job" : "jobs"}`;
  const run = async (action: Act) => {
    const failed: string[] = [];
    setDone(0);
    for (const job of of(action)) {
      await act(action, job.id).catch((error: Error) => failed.push(error.message));
      setDone((count) => count + 1);
    }
    lookAgain();
    if (failed.length)
      throw new Error(`${failed.length} could not be ${WORDS[action].past}: ${failed[0]}`);
    onClear();
  };
  return (
    <section className={css.chosen} aria-label="Chosen jobs">
      <span>
        <b>{jobs.length}</b> chosen
      </span>
      {ACTS.map((action) => {
        const count = of(action).length;
        return count > 0 ? (
          <Button key={action} variant="default" onClick={() => setAsking(action)}>
            {count === jobs.length ? WORDS[action].verb : named(action, count)}
          </Button>
        ) : null;
      })}
      <CloseButton size="sm" aria-label="Choose none" onClick={onClear} />
      {asking && (
        <Confirm
          opened
          title={`${named(asking, of(asking).length)}?`}
          action={done ? `${done} of ${of(asking).length} …` : named(asking, of(asking).length)}
          danger={asking !== "retry"}
          onConfirm={() => run(asking)}
          onClose={() => {
            setAsking(null);
            setDone(0);
          }}
        >
          {WORDS[asking].consequence}
        </Confirm>
      )}
    </section>
  );
}
