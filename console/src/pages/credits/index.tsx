/** What the tenant may spend, what is put by for its jobs, and where it went. */

import { Button } from "@mantine/core";
import { useState } from "react";
import { useBalance } from "@/hooks/use-credits";
import { useMe } from "@/hooks/use-me";
import { Can } from "@/parts/can";
import { Page } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { Stat, Stats } from "@/parts/stat";
import { Ago } from "@/parts/time";
import { GrantDialog } from "./grant-dialog";
import { Ledger } from "./ledger";

export default function CreditsPage() {
  const { me } = useMe();
  const { data: balance, error, refetch } = useBalance();
  const [giving, setGiving] = useState(false);
  const told = (amount: number | undefined) => amount?.toLocaleString() ?? "…";
  return (
    <Page
      title="Credits"
      actions={
        <Can scope="admin">
          <Button onClick={() => setGiving(true)}>Give credits</Button>
        </Can>
      }
    >
      <ProblemPanel error={balance ? null : error} onRetry={refetch} />
      {balance && !balance.charged && (
        <p className="muted">
          {me?.tenant ?? "This tenant"} has no account and is not charged: its jobs run whatever
          they cost. The first grant opens one.
        </p>
      )}
      <Stats>
        <Stat
          label="Available"
          value={told(balance?.available)}
          note="may be reserved now"
          tone={balance?.charged && balance.available === 0 ? "warning" : undefined}
        />
        <Stat
          label="Reserved"
          value={told(balance?.reserved)}
          note="for jobs that are not over"
          to="/jobs"
          search={{ q: "state:queued state:running state:waiting state:scheduled" }}
        />
        <Stat label="Spent" value={told(balance?.spent)} note="by jobs that succeeded" />
        <Stat
          label="Next to expire"
          value={balance?.next_expiry_at ? <Ago at={balance.next_expiry_at} /> : "–"}
          note={balance?.next_expiry_at ? "the first of it" : "nothing does"}
        />
      </Stats>
      <Ledger />
      {giving && <GrantDialog onClose={() => setGiving(false)} />}
    </Page>
  );
}
