/** One delivery: its tries and the last answer. */

import { Modal, Text } from "@mantine/core";
import type { Delivery } from "@/hooks/use-webhooks";
import { CopyIt, JobId } from "@/parts/job-id";
import { Mark } from "@/parts/mark";
import { Ago, Duration } from "@/parts/time";
import { LIKE } from "./delivery-columns";
import css from "./webhooks.module.css";

export function DeliveryDialog({ delivery, onClose }: { delivery: Delivery; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={<Text fw={600}>{delivery.event}</Text>} size={560}>
      <div className={css.fields}>
        <dl className={css.facts}>
          <dt>State</dt>
          <dd>
            <Mark like={LIKE[delivery.state]}>{delivery.state}</Mark>
          </dd>
          <dt>Id</dt>
          <dd className="mono">
            {delivery.id} <CopyIt value={delivery.id} what="the id" />
          </dd>
          {delivery.job_id && (
            <>
              <dt>Job</dt>
              <dd>
                <JobId id={delivery.job_id} />
              </dd>
            </>
          )}
          <dt>Happened</dt>
          <dd>
            <Ago at={delivery.at} />
          </dd>
          <dt>Tries</dt>
          <dd>
            {delivery.tried.toLocaleString()}
            {delivery.tried_at && (
              <>
                , the last <Ago at={delivery.tried_at} />
              </>
            )}
            {delivery.due_at && (
              <>
                , the next <Ago at={delivery.due_at} />
              </>
            )}
          </dd>
          <dt>Answer</dt>
          <dd>
            {delivery.status ?? delivery.fault?.replaceAll("_", " ") ?? "None yet"}
            {delivery.took_s !== null && (
              <>
                {" "}
                after <Duration seconds={delivery.took_s} />
              </>
            )}
          </dd>
        </dl>
        {delivery.excerpt && (
          <pre className={css.excerpt} tabIndex={0}>
            {delivery.excerpt}
          </pre>
        )}
      </div>
    </Modal>
  );
}
