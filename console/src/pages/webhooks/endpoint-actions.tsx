/** What can be done to an endpoint. */

import { ActionIcon, Button, Menu, Select } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import {
  changeWebhook,
  deleteWebhook,
  resendFailed,
  rotateSecret,
  testWebhook,
  type Webhook,
} from "@/hooks/use-webhooks";
import { Can } from "@/parts/can";
import { Confirm } from "@/parts/confirm";
import { SecretOnce } from "@/parts/secret-once";
import { EndpointDialog } from "./endpoint-dialog";

type Act = "test" | "pause" | "resume" | "rotate" | "resend" | "delete";

const HOUR_S = 3600;
const OVERLAPS = [
  { value: "0", label: "At once" },
  { value: String(HOUR_S), label: "After an hour" },
  { value: String(24 * HOUR_S), label: "After a day" },
  { value: String(7 * 24 * HOUR_S), label: "After a week" },
];
const SINCE = [
  { value: String(HOUR_S), label: "In the last hour" },
  { value: String(24 * HOUR_S), label: "In the last day" },
  { value: String(7 * 24 * HOUR_S), label: "In the last week" },
];

export function EndpointActions({ webhook }: { webhook: Webhook }) {
  const navigate = useNavigate();
  const [asking, setAsking] = useState<Act | null>(null);
  const [editing, setEditing] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [overlapS, setOverlapS] = useState(String(24 * HOUR_S));
  const [sinceS, setSinceS] = useState(String(24 * HOUR_S));

  const asks: Record<
    Act,
    { title: string; action: string; text: string; danger?: true; run: () => Promise<unknown> }
  > = {
    test: {
      title: "Send a test?",
      action: "Send a test",
      text: "It is sent a webhook.test, signed as the others are. The answer stands among the deliveries.",
      run: () => testWebhook(webhook.id),
    },
    pause: {
      title: `Pause ${webhook.name}?`,
      action: "Pause the endpoint",
      text: "Nothing more is sent, and what is pending is given up: it stays among the deliveries and can be sent again.",
      danger: true,
      run: () => changeWebhook(webhook.id, { enabled: false }),
    },
    resume: {
      title: `Send to ${webhook.name} again?`,
      action: "Resume the endpoint",
      text: "It is told of what happens from now on. What was given up is sent again when you ask for it.",
      run: () => changeWebhook(webhook.id, { enabled: true }),
    },
    rotate: {
      title: "Replace the secret?",
      action: "Make a new secret",
      text: "Until the old one ends, both sign: the endpoint may take either.",
      run: async () => setSecret((await rotateSecret(webhook.id, Number(overlapS))).secret),
    },
    resend: {
      title: "Send again what failed?",
      action: "Send them again",
      text: "Each under its id, so that an endpoint which knows it can leave it aside.",
      run: () => resendFailed(webhook.id, new Date(Date.now() - Number(sinceS) * 1000)),
    },
    delete: {
      title: `Delete ${webhook.name}?`,
      action: "Delete the endpoint",
      text: "Its deliveries go with it. Jobs that name it are not told of any more.",
      danger: true,
      run: async () => {
        await navigate({ to: "/webhooks", search: {} as never });
        await deleteWebhook(webhook.id);
      },
    },
  };
  const asked = asking && asks[asking];
  return (
    <Can scope="operate">
      {webhook.enabled && (
        <Button variant="default" onClick={() => setAsking("test")}>
          Send a test
        </Button>
      )}
      <Button variant="default" onClick={() => setEditing(true)}>
        Change
      </Button>
      <Button variant="default" onClick={() => setAsking(webhook.enabled ? "pause" : "resume")}>
        {webhook.enabled ? "Pause" : "Resume"}
      </Button>
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label="More">
            <Ellipsis size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setAsking("resend")}>Send again what failed …</Menu.Item>
          <Menu.Item onClick={() => setAsking("rotate")}>Replace the secret …</Menu.Item>
          <Menu.Divider />
          <Menu.Item color="var(--failed)" onClick={() => setAsking("delete")}>
            Delete …
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked && (
        <Confirm
          opened
          title={asked.title}
          action={asked.action}
          danger={asked.danger}
          onConfirm={asked.run}
          onClose={() => setAsking(null)}
        >
          {asked.text}
          {asking === "rotate" && (
            <Select
              mt="sm"
              label="The old one ends"
              data={OVERLAPS}
              value={overlapS}
              allowDeselect={false}
              onChange={(value) => value && setOverlapS(value)}
            />
          )}
          {asking === "resend" && (
            <Select
              mt="sm"
              label="What happened"
              data={SINCE}
              value={sinceS}
              allowDeselect={false}
              onChange={(value) => value && setSinceS(value)}
            />
          )}
        </Confirm>
      )}
      {editing && <EndpointDialog webhook={webhook} onClose={() => setEditing(false)} />}
      {secret && (
        <SecretOnce
          title="The new secret"
          secret={secret}
          what="the secret"
          onClose={() => setSecret(null)}
        >
          {overlapS === "0"
            ? "The old one signs no more."
            : `The old one signs beside it until it ends, ${OVERLAPS.find((one) => one.value === overlapS)?.label.toLowerCase()}.`}
        </SecretOnce>
      )}
    </Can>
  );
}
