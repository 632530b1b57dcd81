/** Every queue: what lies in it, who serves it, who holds it back. */

import { useState } from "react";
import { type Queue, useQueues, useResumeQueue } from "@/hooks/use-queues";
import { AskedTable } from "@/parts/asked-table";
import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { columns } from "./columns";
import { PauseDialog } from "./pause-dialog";
import css from "./queues.module.css";

export default function QueuesPage() {
  const queues = useQueues();
  const resume = useResumeQueue();
  const [pausing, setPausing] = useState<Queue | null>(null);
  const cells = columns({
    onPause: setPausing,
    onResume: (queue) => resume.mutate(queue.name),
    resuming: resume.isPending ? resume.variables : undefined,
  });
  return (
    <Page title="Queues">
      <ProblemPanel error={resume.error} onRetry={resume.reset} />
      <AskedTable
        asked={queues}
        label="Queues"
        className={css.table}
        columns={cells}
        rows={queues.data}
        keyOf={(queue) => queue.name}
        waitingRows={3}
        empty={
          <EmptyState title="No queues">
            A setting names queues, or a job that lies in one.
          </EmptyState>
        }
      />
      <p className="muted">
        Counts are over all tenants; the lists behind them show the jobs that are yours.
      </p>
      {pausing && <PauseDialog queue={pausing} onClose={() => setPausing(null)} />}
    </Page>
  );
}
