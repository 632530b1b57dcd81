/** Does something to every job that a filter means: how many they are and some of them first, then the
 * progress of it, with a way to stop. The filter is frozen at the preview: later jobs are left alone. */

import { Button, Group, Modal, SegmentedControl, Text, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { read } from "@/hooks/job-query";
import {
  abortBulk,
  type BulkAction,
  bulkFilter,
  startBulk,
  useBulk,
  usePreview,
} from "@/hooks/use-bulk";
import { lookAgain } from "@/hooks/use-jobs";
import css from "./bulk-dialog.module.css";
import { JobId } from "./job-id";
import { ProblemPanel } from "./problem-panel";
import { ProgressBar } from "./progress-bar";
import { StateBadge } from "./state-badge";
import { Ago } from "./time";

const SHOWN = 5;
const MEANS: Record<BulkAction, string> = {
  cancel: "Stops what is not over, with its children.",
  retry: "Begins the next run of what failed or was cancelled; finished steps stay.",
  redrive: "Begins the next run of what failed; finished steps stay.",
  discard: "Takes failed jobs off the dead letters; they stay failed.",
};

export default function BulkDialog({
  q,
  actions = ["cancel", "retry", "discard"],
  onClose,
}: {
  /** A query as the list of jobs has it. */
  q: string;
  /** What is offered; the first that fits the query is chosen. */
  actions?: BulkAction[];
  onClose: () => void;
}) {
  const [action, setAction] = useState<BulkAction>(() => fitting(q, actions));
  const [reason, setReason] = useState("");
  const [operation, setOperation] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const filter = useMemo(() => bulkFilter(q, Date.now()), [q]);
  const preview = usePreview(operation ? null : action, filter);
  // One key for each thing that is started: a second press, or one after a lost answer, starts no other.
  const key = useRef({ of: "", key: "" });
  const found = preview.data;

  const start = async () => {
    if (!found) return;
    const body = {
      action,
      filter,
      frozen_at: found.frozen_at,
      reason: reason.trim() || null,
    };
    const of = JSON.stringify(body);
    if (key.current.of !== of)
      key.current = { of, key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
    setBusy(true);
    setError(null);
    try {
      setOperation((await startBulk(body, key.current.key)).id);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const title = (
    <Text fw={600} component="span">
      All jobs that fit <code>{q || "(no filter)"}</code>
    </Text>
  );
  return (
    <Modal opened onClose={onClose} title={title} size={560}>
      {operation ? (
        <Under operation={operation} onClose={onClose} />
      ) : (
        <div className={css.dialog}>
          <SegmentedControl
            aria-label="What to do"
            fullWidth
            value={action}
            onChange={(value) => setAction(value as BulkAction)}
            data={actions.map((value) => ({ value, label: titled(value) }))}
          />
          <p className="muted">{MEANS[action]}</p>
          <ProblemPanel error={preview.error} onRetry={preview.refetch} />
          {found && (
            <div className={css.preview} aria-live="polite">
              <p>
                <b>{found.count.toLocaleString()}</b> {found.count === 1 ? "job" : "jobs"} would be
                changed. Jobs that come from now on are left alone.
              </p>
              <ul>
                {found.sample.slice(0, SHOWN).map((job) => (
                  <li key={job.id}>
                    <StateBadge state={job.state} />
                    <span className="ellipsis">{job.type}</span>
                    <JobId id={job.id} link={false} copy={false} />
                    <Ago at={job.created_at} />
                  </li>
                ))}
              </ul>
              {found.count > SHOWN && (
                <p className="muted">and {(found.count - SHOWN).toLocaleString()} more</p>
              )}
            </div>
          )}
          {!found && !preview.error && <p className="muted">Counting …</p>}
          <TextInput
            label="Why"
            description="Kept with each job; optional."
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <ProblemPanel error={error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Leave them
            </Button>
            <Button
              color={action === "retry" || action === "redrive" ? undefined : "red.8"}
              disabled={!found?.count}
              loading={busy}
              onClick={start}
            >
              {titled(action)} {found?.count.toLocaleString() ?? ""}{" "}
              {found?.count === 1 ? "job" : "jobs"}
            </Button>
          </Group>
        </div>
      )}
    </Modal>
  );
}

const titled = (action: BulkAction) => `${action[0]?.toUpperCase()}${action.slice(1)}`;

/** What can be done to the states that are asked for. */
function fitting(q: string, actions: BulkAction[]): BulkAction {
  if (!actions.includes("cancel")) return actions[0] ?? "retry";
  const states = read(q, 0).filters.state ?? [];
  return states.length > 0 && states.every((state) => ["failed", "cancelled"].includes(state))
    ? "retry"
    : "cancel";
}

/** An operation under way, to its end. */
function Under({ operation, onClose }: { operation: string; onClose: () => void }) {
  const { data: bulk, error, refetch } = useBulk(operation);
  const [aborting, setAborting] = useState<unknown>(false);
  if (!bulk)
    return error ? (
      <ProblemPanel error={error} onRetry={refetch} />
    ) : (
      <p className="muted">Beginning …</p>
    );
  const { progress } = bulk;
  const over = bulk.finished_at !== null;
  const abort = () => {
    setAborting(true);
    abortBulk(operation).then(() => refetch(), setAborting);
  };
  return (
    <div className={css.dialog}>
      <div className={css.state} aria-live="polite">
        <StateBadge state={bulk.state} />
        <span className="muted">
          {progress.changed.toLocaleString()} changed · {progress.skipped.toLocaleString()} fitted
          no more · {progress.failed.toLocaleString()} could not be changed
        </span>
      </div>
      <ProgressBar
        since={over ? null : bulk.created_at}
        progress={{
          percent: over ? 100 : null,
          step: bulk.action,
          done: progress.done,
          failed: 0,
          total: progress.total,
        }}
      />
      <ProblemPanel error={aborting instanceof Error ? aborting : error} />
      <Group justify="space-between" gap="xs">
        <Link to="/jobs/$jobId" params={{ jobId: operation }} className={css.link}>
          The operation is a job
        </Link>
        <Group gap="xs">
          {!over && (
            <Button variant="default" disabled={aborting === true} onClick={abort}>
              Stop; what is changed stays so
            </Button>
          )}
          <Button
            onClick={() => {
              lookAgain();
              onClose();
            }}
          >
            {over ? "Done" : "Leave it running"}
          </Button>
        </Group>
      </Group>
    </div>
  );
}
