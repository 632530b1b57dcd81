/** Jobs that come again: when, what became of the last, and making them. */

import { Button } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import {
  deleteSchedule,
  runSchedule,
  type Schedule,
  useSchedules,
  useSwitchSchedule,
} from "@/hooks/use-schedules";
import { AskedTable } from "@/parts/asked-table";
import { Can } from "@/parts/can";
import { Confirm } from "@/parts/confirm";
import { EmptyState } from "@/parts/empty-state";
import { lazily } from "@/parts/lazily";
import { Page } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { columns } from "./columns";
import css from "./schedules.module.css";

const MakeDialog = lazily(() => import("./make-dialog"), "dialog");

export default function SchedulesPage() {
  const schedules = useSchedules();
  const navigate = useNavigate();
  const turn = useSwitchSchedule();
  const [making, setMaking] = useState(false);
  const [asking, setAsking] = useState<{ act: "run" | "delete"; one: Schedule } | null>(null);
  const cells = columns({
    onRun: (one) => setAsking({ act: "run", one }),
    onSwitch: (one) => turn.mutate(one),
    onDelete: (one) => setAsking({ act: "delete", one }),
  });
  const run = async (id: string) => {
    const job = await runSchedule(id);
    await navigate({ to: "/jobs/$jobId", params: { jobId: job.id } });
  };
  const make = (
    <Can scope="operate">
      <Button onClick={() => setMaking(true)}>New schedule</Button>
    </Can>
  );
  return (
    <Page title="Schedules" actions={schedules.data?.length !== 0 && make}>
      <ProblemPanel error={turn.error} onRetry={turn.reset} />
      <AskedTable
        asked={schedules}
        label="Schedules"
        className={css.table}
        columns={cells}
        rows={schedules.data}
        keyOf={(one) => one.id}
        waitingRows={3}
        empty={
          <EmptyState title="No schedules yet" action={make}>
            A schedule submits a job again and again, by a cron expression in a time zone.
          </EmptyState>
        }
      />
      {making && (
        <Suspense>
          <MakeDialog onClose={() => setMaking(false)} />
        </Suspense>
      )}
      {asking && (
        <Confirm
          opened
          title={
            asking.act === "run" ? `Run ${asking.one.name} now?` : `Delete ${asking.one.name}?`
          }
          action={asking.act === "run" ? "Run it now" : "Delete the schedule"}
          danger={asking.act === "delete"}
          onConfirm={() =>
            asking.act === "run" ? run(asking.one.id) : deleteSchedule(asking.one.id)
          }
          onClose={() => setAsking(null)}
        >
          {asking.act === "run"
            ? "It makes one job beside its runs; its moments stay as they are."
            : "It makes no more jobs. Those it made stay."}
        </Confirm>
      )}
    </Page>
  );
}
