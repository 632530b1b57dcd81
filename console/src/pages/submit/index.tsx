/** Submit a job: choose a type, fill in its input, see what it costs and how it is called from elsewhere. */

import { Button, Select, Skeleton } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useJobToClone } from "@/hooks/use-submit";
import { useTypes } from "@/hooks/use-types";
import { useUrlState } from "@/hooks/use-url-state";
import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { Gallery } from "./gallery";
import { DEFAULTS, optionsOf } from "./options";
import { prefill } from "./prefill";
import type { Json } from "./schema";
import { Submission } from "./submission";

/** `?type=` is the type; `?from=` a job that is submitted again. */
export default function SubmitPage() {
  const [state, change] = useUrlState();
  const navigate = useNavigate();
  const types = useTypes();
  const clone = useJobToClone(state.from ?? null);
  const name = state.type ?? clone.data?.type;
  const declared = types.data?.find((one) => one.name === name);
  const problem = types.error ?? clone.error;
  const waiting = types.isPending || (state.from && clone.isPending);

  if (problem || waiting || !name)
    return (
      <Page title="Submit">
        <ProblemPanel error={problem} onRetry={() => types.refetch()} />
        {!problem && waiting && <Skeleton height={320} radius={8} />}
        {!problem && !waiting && <Gallery types={types.data ?? []} />}
      </Page>
    );
  const picker = (
    <Select
      w={240}
      aria-label="Job type"
      searchable
      allowDeselect={false}
      data={types.data?.map((one) => one.name)}
      value={declared ? name : null}
      placeholder="Another job type"
      onChange={(type) => change({ type: type ?? undefined, from: undefined })}
    />
  );
  if (!declared)
    return (
      <Page title="Submit" crumbs={[{ label: "Submit", to: "/submit" }]} actions={picker}>
        <EmptyState
          title={`There is no job type ${name} here`}
          action={
            <Button variant="default" onClick={() => navigate({ to: "/submit" })}>
              See those there are
            </Button>
          }
        >
          It may have been in a package that is not installed any more.
        </EmptyState>
      </Page>
    );
  const cloned = clone.data?.type === declared.name ? clone.data : null;
  return (
    <Page
      title={`Submit ${declared.name}`}
      heading={declared.name}
      crumbs={[{ label: "Submit", to: "/submit" }]}
      actions={picker}
    >
      <Submission
        key={`${declared.name} ${cloned?.id}`}
        declared={declared}
        clonedFrom={cloned?.id ?? null}
        initial={cloned ? (cloned.input as Json) : prefill(declared.input_schema, declared.example)}
        initialOptions={cloned ? optionsOf(cloned, declared) : DEFAULTS}
      />
    </Page>
  );
}
