/** Makes an endpoint, or changes one. */

import { Checkbox, SegmentedControl, TextInput } from "@mantine/core";
import { useState } from "react";
import { changeWebhook, EVENTS, makeWebhook, type Webhook } from "@/hooks/use-webhooks";
import { Confirm } from "@/parts/confirm";
import { Fields } from "@/parts/fields";
import css from "./webhooks.module.css";

const USUAL: Webhook["events"] = ["job.succeeded", "job.failed", "job.cancelled"];

export function EndpointDialog({
  webhook,
  onMade,
  onClose,
}: {
  /** The one to change; left out, one is made. */
  webhook?: Webhook;
  onMade?: (secret: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState(webhook?.name ?? "");
  const [url, setUrl] = useState(webhook?.url ?? "https://");
  const [events, setEvents] = useState<string[]>(webhook?.events ?? USUAL);
  const [jobs, setJobs] = useState<Webhook["jobs"]>(webhook?.jobs ?? "all");
  const save = async () => {
    const body = { url: url.trim(), events: events as Webhook["events"], jobs };
    if (webhook) await changeWebhook(webhook.id, body);
    else onMade?.((await makeWebhook({ name: name.trim(), ...body })).secret);
  };
  return (
    <Confirm
      opened
      title={webhook ? `Change ${webhook.name}` : "Add an endpoint"}
      action={webhook ? "Save the changes" : "Add the endpoint"}
      onConfirm={save}
      onClose={onClose}
    >
      <Fields>
        {!webhook && (
          <TextInput
            label="Name"
            description="A submit can name it."
            placeholder="orders"
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <TextInput
          label="Address"
          description="Public, http or https. Redirects are not followed."
          type="url"
          maxLength={2000}
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        <Checkbox.Group label="It is told when" value={events} onChange={setEvents}>
          <div className={css.events}>
            {EVENTS.map(({ value, means }) => (
              <Checkbox key={value} size="xs" value={value} label={value} description={means} />
            ))}
          </div>
        </Checkbox.Group>
        <SegmentedControl
          aria-label="Of which jobs"
          fullWidth
          value={jobs}
          onChange={(value) => setJobs(value as Webhook["jobs"])}
          data={[
            { value: "all", label: "Every job that is submitted" },
            { value: "named", label: "Jobs that name it" },
          ]}
        />
      </Fields>
    </Confirm>
  );
}
