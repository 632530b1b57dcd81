/** What can be done to the chosen rows. */

import { Button, CloseButton } from "@mantine/core";
import { useState } from "react";
import type { Decision } from "@/hooks/use-dead-letters";
import type { Job } from "@/hooks/use-jobs";
import css from "./dead-letters.module.css";
import { DecisionDialog } from "./decision-dialog";

export function ChosenLetters({ jobs, onClear }: { jobs: Job[]; onClear: () => void }) {
  const [asking, setAsking] = useState<{ decision: Decision; jobIds: string[] } | null>(null);
  const ask = (decision: Decision) => setAsking({ decision, jobIds: jobs.map((job) => job.id) });
  return (
    <>
      {jobs.length > 0 && (
        <section className={css.chosen} aria-label="Chosen jobs">
          <span>
            <b>{jobs.length}</b> chosen
          </span>
          <Button variant="default" onClick={() => ask("redrive")}>
            Redrive
          </Button>
          <Button variant="default" onClick={() => ask("discard")}>
            Discard
          </Button>
          <CloseButton size="sm" aria-label="Choose none" onClick={onClear} />
        </section>
      )}
      {/* Outlives the rows, which leave the list as they are decided on. */}
      {asking && <DecisionDialog {...asking} onDone={onClear} onClose={() => setAsking(null)} />}
    </>
  );
}
