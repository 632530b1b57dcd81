/** A job's result: looked at where its type has a view, else as JSON. */

import { SegmentedControl, Skeleton } from "@mantine/core";
import { Download } from "lucide-react";
import { Suspense, useState } from "react";
import { useLargeResult } from "@/hooks/use-job";
import type { Job } from "@/hooks/use-jobs";
import { JsonView } from "@/parts/json-view";
import { Section } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { SaveButton } from "@/parts/save-button";
import { RESULTS } from "@/results/registry";

export function Result({ job }: { job: Job }) {
  const [asJson, setAsJson] = useState(false);
  const large = useLargeResult(job);
  const result = large.data ?? job.result;
  const View = RESULTS[job.type];
  const waits = large.isLoading;
  return (
    <Section
      title="Result"
      aside={
        <div style={{ display: "flex", gap: 8, alignItems: "center" }}>
          {View && (
            <SegmentedControl
              size="xs"
              aria-label="How to show the result"
              value={asJson ? "json" : "view"}
              onChange={(value) => setAsJson(value === "json")}
              data={[
                { value: "view", label: "View" },
                { value: "json", label: "JSON" },
              ]}
            />
          )}
          <SaveButton
            label="Save the result"
            name={`${job.type}-${job.id}.json`}
            content={() => JSON.stringify(result, null, 2)}
            icon={<Download size={14} />}
          />
        </div>
      }
    >
      <ProblemPanel error={large.error} onRetry={large.refetch} />
      {waits ? (
        <Skeleton height={160} />
      ) : View && !asJson ? (
        <Suspense fallback={<Skeleton height={160} />}>
          <View job={job} result={result} />
        </Suspense>
      ) : (
        !large.error && <JsonView value={result ?? null} label="the result" />
      )}
    </Section>
  );
}
