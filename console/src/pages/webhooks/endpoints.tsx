/** All endpoints and how each fares. */

import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { standingOf, useWebhooks, type Webhook } from "@/hooks/use-webhooks";
import { AskedTable } from "@/parts/asked-table";
import { Can } from "@/parts/can";
import type { Column } from "@/parts/data-table";
import { EmptyState } from "@/parts/empty-state";
import { Mark } from "@/parts/mark";
import { Page } from "@/parts/page";
import { SecretOnce } from "@/parts/secret-once";
import { Ago } from "@/parts/time";
import { EndpointDialog } from "./endpoint-dialog";
import css from "./webhooks.module.css";

const COLUMNS: Column<Webhook>[] = [
  {
    name: "Name",
    width: "18%",
    cell: (webhook) => (
      <Link
        to="/webhooks"
        search={{ webhook: webhook.id } as never}
        className={css.name}
        title={webhook.name}
      >
        {webhook.name}
      </Link>
    ),
  },
  {
    name: "State",
    width: "168px",
    cell: (webhook) => {
      const { like, word } = standingOf(webhook);
      return <Mark like={like}>{word}</Mark>;
    },
  },
  {
    name: "Address",
    whole: true,
    cell: (webhook) => (
      <span className="mono" title={webhook.url}>
        {webhook.url}
      </span>
    ),
  },
  {
    name: "Told of",
    width: "24%",
    wide: true,
    cell: (webhook) => {
      const told = webhook.events.map((event) => event.replace("job.", "")).join(", ");
      return (
        <span className="muted" title={told}>
          {told}
          {webhook.jobs === "named" && "; jobs that name it"}
        </span>
      );
    },
  },
  {
    name: "Made",
    width: "96px",
    align: "right",
    cell: (webhook) => <Ago at={webhook.created_at} />,
  },
];

export function Endpoints() {
  const webhooks = useWebhooks();
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const rows = webhooks.data;
  const make = (
    <Can scope="operate">
      <Button onClick={() => setMaking(true)}>Add an endpoint</Button>
    </Can>
  );
  return (
    <Page title="Webhooks" actions={rows?.length !== 0 && make}>
      <AskedTable
        asked={webhooks}
        label="Webhooks"
        columns={COLUMNS}
        rows={rows}
        keyOf={(webhook) => webhook.id}
        waitingRows={3}
        empty={
          <EmptyState title="No endpoint is told of jobs" action={make}>
            An endpoint gets a signed message when a job ends, so that nobody has to ask for it.
          </EmptyState>
        }
      />
      {making && <EndpointDialog onMade={setSecret} onClose={() => setMaking(false)} />}
      {secret && (
        <SecretOnce
          title="The secret of this webhook"
          secret={secret}
          what="the secret"
          onClose={() => setSecret(null)}
        >
          With it the endpoint checks that a message is ours; any library of Standard Webhooks takes
          it as it is.
        </SecretOnce>
      )}
    </Page>
  );
}
