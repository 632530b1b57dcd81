/** What an endpoint was told, how it answered, and a way to tell it again. */

import { Button, SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { FIRST_PAGE, useKeyset } from "@/hooks/use-keyset";
import { useMay } from "@/hooks/use-me";
import { useUrlState } from "@/hooks/use-url-state";
import { type Delivery, resend, useDeliveries, type Webhook } from "@/hooks/use-webhooks";
import { AskedTable } from "@/parts/asked-table";
import { Confirm } from "@/parts/confirm";
import { EmptyState } from "@/parts/empty-state";
import { KeysetPager } from "@/parts/keyset-pager";
import { Section } from "@/parts/page";
import { deliveryColumns } from "./delivery-columns";
import { DeliveryDialog } from "./delivery-dialog";

const STATES = ["pending", "delivered", "failed"] as const;

export function Deliveries({ webhook }: { webhook: Webhook }) {
  const may = useMay();
  const [{ state }, change] = useUrlState();
  const { cursor, pager } = useKeyset();
  const [looking, setLooking] = useState<Delivery | null>(null);
  const [resending, setResending] = useState<Delivery | null>(null);
  const deliveries = useDeliveries(webhook.id, {
    state: STATES.find((one) => one === state),
    limit: 50,
    ...(cursor && { cursor }),
  });
  const rows = deliveries.data?.data;
  const columns = deliveryColumns({
    onLook: setLooking,
    onResend: may("operate") && webhook.enabled ? setResending : undefined,
  });
  return (
    <Section
      title="Deliveries"
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Which deliveries"
          value={state ?? ""}
          onChange={(value) => change({ state: value, ...FIRST_PAGE })}
          data={[{ value: "", label: "All" }, ...STATES.map((value) => ({ value, label: value }))]}
        />
      }
    >
      <AskedTable
        asked={deliveries}
        label="Deliveries"
        columns={columns}
        rows={rows}
        keyOf={(delivery) => delivery.id}
        empty={
          <EmptyState
            title={state ? `No delivery is ${state}` : "It was told nothing yet"}
            action={
              state && (
                <Button
                  variant="default"
                  onClick={() => change({ state: undefined, ...FIRST_PAGE })}
                >
                  Show all of them
                </Button>
              )
            }
          >
            {!state && "Send a test, or wait for the next job that ends."}
          </EmptyState>
        }
      />
      <KeysetPager {...pager} next={deliveries.data?.next} busy={deliveries.isPlaceholderData} />
      {looking && <DeliveryDialog delivery={looking} onClose={() => setLooking(null)} />}
      {resending && (
        <Confirm
          opened
          title="Send this again?"
          action="Send it again"
          onConfirm={() => resend(webhook.id, resending.id)}
          onClose={() => setResending(null)}
        >
          {resending.state === "delivered"
            ? "It was delivered before. It is sent under the same id, so that an endpoint which knows it can leave it aside."
            : "It is sent under the same id, at once."}
        </Confirm>
      )}
    </Section>
  );
}
