/** What limits the calls of each provider, how it stands, and setting it. */

import { Button, Skeleton } from "@mantine/core";
import { Suspense, useState } from "react";
import { giveBack, type Pool, useCloseBreaker, usePools } from "@/hooks/use-limits";
import { Can } from "@/parts/can";
import { Confirm } from "@/parts/confirm";
import { EmptyState } from "@/parts/empty-state";
import { lazily } from "@/parts/lazily";
import { Page } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { PoolPanel } from "./pool-panel";

const EditDialog = lazily(() => import("./edit-dialog"), "dialog");

export default function LimitsPage() {
  const pools = usePools();
  const close = useCloseBreaker();
  const [editing, setEditing] = useState<Pool | "new" | null>(null);
  const [giving, setGiving] = useState<Pool | null>(null);
  const make = (
    <Can scope="admin">
      <Button onClick={() => setEditing("new")}>New pool</Button>
    </Can>
  );
  return (
    <Page title="Limits" actions={pools.data?.length !== 0 && make}>
      <ProblemPanel error={pools.error} onRetry={pools.refetch} />
      <ProblemPanel error={close.error} onRetry={close.reset} />
      {!pools.data && !pools.error && <Skeleton height={160} />}
      {pools.data?.length === 0 && (
        <EmptyState title="No limits are set" action={make}>
          Providers are called as fast as jobs ask. Set a pool here or in <code>haulage.toml</code>.
        </EmptyState>
      )}
      {pools.data?.map((pool) => (
        <PoolPanel
          key={pool.name}
          pool={pool}
          closing={close.isPending && close.variables === pool.name}
          onEdit={() => setEditing(pool)}
          onGiveBack={() => setGiving(pool)}
          onClose={() => close.mutate(pool.name)}
        />
      ))}
      {editing && (
        <Suspense>
          <EditDialog pool={editing === "new" ? null : editing} onClose={() => setEditing(null)} />
        </Suspense>
      )}
      {giving && (
        <Confirm
          opened
          title={`Forget what was set of ${giving.name} here?`}
          action="Give it back"
          danger
          onConfirm={() => giveBack(giving)}
          onClose={() => setGiving(null)}
        >
          The file or the environment counts again; a pool that neither names has no limits then.
        </Confirm>
      )}
    </Page>
  );
}
