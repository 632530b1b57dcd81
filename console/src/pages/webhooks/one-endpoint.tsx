/** One endpoint: how it fares, what can be done to it, what it was told. */

import { isAway } from "@/api/problem";
import { standingOf, useWebhook, type Webhook } from "@/hooks/use-webhooks";
import { Mark } from "@/parts/mark";
import { Page, Panel } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";
import { Ago } from "@/parts/time";
import { Deliveries } from "./deliveries";
import { EndpointActions } from "./endpoint-actions";
import css from "./webhooks.module.css";

export function OneEndpoint({ id }: { id: string }) {
  const { data: webhook, error, refetch } = useWebhook(id);
  const standing = webhook && standingOf(webhook);
  return (
    <Page
      title={webhook ? `${webhook.name} · Webhooks` : "Webhook"}
      heading={
        webhook && standing ? (
          <>
            {webhook.name} <Mark like={standing.like}>{standing.word}</Mark>
          </>
        ) : (
          "Webhook"
        )
      }
      crumbs={[{ label: "Webhooks", to: "/webhooks" }]}
      actions={webhook && <EndpointActions webhook={webhook} />}
    >
      {error && !(webhook && isAway(error)) && <ProblemPanel error={error} onRetry={refetch} />}
      {webhook && <Facts webhook={webhook} />}
      {webhook && <Deliveries webhook={webhook} />}
    </Page>
  );
}

function Facts({ webhook }: { webhook: Webhook }) {
  return (
    <Panel>
      <dl className={css.facts}>
        <dt>Address</dt>
        <dd className="mono">{webhook.url}</dd>
        <dt>Told of</dt>
        <dd>
          {webhook.events.join(", ")}
          {webhook.jobs === "named" ? ", of jobs that name it" : ", of every job that is submitted"}
        </dd>
        {webhook.failures > 0 && (
          <>
            <dt>Failing</dt>
            <dd>
              {webhook.failures.toLocaleString()} {webhook.failures === 1 ? "try" : "tries"} in a
              row, the first <Ago at={webhook.failing_since} />
              {webhook.rest_until && (
                <>
                  ; the next <Ago at={webhook.rest_until} />
                </>
              )}
            </dd>
          </>
        )}
        {webhook.disabled_at && (
          <>
            <dt>Off</dt>
            <dd>
              <Ago at={webhook.disabled_at} />, by {webhook.disabled_by}
            </dd>
          </>
        )}
        <dt>Secrets</dt>
        <dd>
          {webhook.secrets === 1
            ? "One signs."
            : `${webhook.secrets} sign: the one before still counts.`}
        </dd>
        <dt>Made</dt>
        <dd>
          <Ago at={webhook.created_at} />, by {webhook.created_by}
        </dd>
      </dl>
    </Panel>
  );
}
