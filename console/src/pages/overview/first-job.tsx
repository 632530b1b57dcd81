/** What a system shows in which nothing has run: how to submit the first job, here or from a terminal. */

import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { href } from "@/api/base";
import { useSession } from "@/hooks/use-me";
import { Can } from "@/parts/can";
import { EmptyState } from "@/parts/empty-state";
import { CopyIt } from "@/parts/job-id";
import css from "./first-job.module.css";

/** It needs no key of a provider's and no network, and one can watch it. */
const INPUT = '{"seconds": 20}';

export function FirstJob() {
  const { credential } = useSession();
  const url = window.location.origin + href("");
  const header = credential ? ' -H "Authorization: Bearer $HAULAGE_API_KEY"' : "";
  const calls = {
    "From a terminal": `HAULAGE_URL=${url} haulage submit crunch --input '${INPUT}' --wait`,
    "With curl": `curl ${url}/api/v1/jobs${header} --json '{"type": "crunch", "input": ${INPUT}}'`,
  };
  return (
    <EmptyState
      title="No jobs yet"
      action={
        <Can scope="submit">
          <div className={css.ways}>
            <Button component={Link} to="/submit">
              Submit the first job
            </Button>
            {Object.entries(calls).map(([label, call]) => (
              <div key={label} className={css.way}>
                <span className="muted">{label}</span>
                <div className={css.call}>
                  <code>{call}</code>
                  <CopyIt value={call} what={`the call: ${label.toLowerCase()}`} />
                </div>
              </div>
            ))}
          </div>
        </Can>
      }
    >
      Throughput, waiting times and failures are drawn here as soon as something runs. Many job
      types need no key and no network.
    </EmptyState>
  );
}
