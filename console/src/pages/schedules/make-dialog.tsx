/** Makes a schedule; while it is typed it says when it would run. */

import { Autocomplete, Input, JsonInput, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { makeSchedule, type NewSchedule, usePreview } from "@/hooks/use-schedules";
import { useTypes } from "@/hooks/use-types";
import { Confirm } from "@/parts/confirm";
import { Fields, type Priority, PriorityField, QueueField, TagsField } from "@/parts/fields";
import { ProblemPanel } from "@/parts/problem-panel";
import css from "./schedules.module.css";
import { inWords, inZone, RHYTHMS } from "./words";

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
const MISSED = [
  { value: "run_once", label: "one job for all" },
  { value: "skip", label: "dropped" },
  { value: "run_all", label: "one job each, the last hundred" },
];

export default function MakeDialog({ onClose }: { onClose: () => void }) {
  const types = useTypes();
  const [name, setName] = useState("");
  const [type, setType] = useState<string | null>(null);
  const [input, setInput] = useState("{}");
  const [cron, setCron] = useState("30 2 * * *");
  const [zone, setZone] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [missed, setMissed] = useState("run_once");
  const [queue, setQueue] = useState("");
  const [priority, setPriority] = useState<Priority>("normal");
  const [tags, setTags] = useState<string[]>([]);
  const declared = types.data?.find((one) => one.name === type);
  const pick = (value: string | null) => {
    setType(value);
    const example = types.data?.find((one) => one.name === value)?.example;
    setInput(JSON.stringify(example ?? {}, null, 2));
  };
  const make = () =>
    makeSchedule({
      name: name.trim(),
      type: type ?? "",
      input: JSON.parse(input),
      cron,
      timezone: zone,
      missed: missed as NewSchedule["missed"],
      queue: queue.trim() || null,
      priority,
      tags,
    });
  return (
    <Confirm opened title="New schedule" action="Make it" onConfirm={make} onClose={onClose}>
      <Fields>
        <TextInput
          label="Name"
          description="Its jobs carry it as the tag schedule:NAME."
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label="Job type"
          data={types.data?.map((one) => one.name) ?? []}
          searchable
          value={type}
          onChange={pick}
        />
        <JsonInput
          label="Input"
          classNames={{ input: "mono" }}
          autosize
          minRows={3}
          maxRows={10}
          value={input}
          onChange={setInput}
        />
        <Select
          label="Rhythm"
          placeholder="Your own, below"
          data={RHYTHMS}
          value={RHYTHMS.some((one) => one.value === cron) ? cron : null}
          onChange={(value) => value && setCron(value)}
        />
        <TextInput
          label="Cron"
          description="Minute, hour, day, month, weekday"
          classNames={{ input: "mono" }}
          value={cron}
          onChange={(event) => setCron(event.currentTarget.value)}
        />
        <Autocomplete label="Time zone" data={ZONES} limit={50} value={zone} onChange={setZone} />
        <Select
          label="Runs that were missed while nothing ran"
          data={MISSED}
          allowDeselect={false}
          value={missed}
          onChange={(value) => value && setMissed(value)}
        />
        <div className={css.pair}>
          <QueueField
            description={declared ? `Of the ${declared.pool} pool.` : "The job type's own."}
            placeholder={declared?.queue}
            value={queue}
            onChange={setQueue}
          />
          <Input.Wrapper label="Priority" description="Of each of its jobs.">
            <div>
              <PriorityField value={priority} onChange={setPriority} />
            </div>
          </Input.Wrapper>
        </div>
        <TagsField
          description="Words to find its jobs by, beside the schedule's own. Enter adds one."
          maxTags={31}
          value={tags}
          onChange={setTags}
        />
        <Preview cron={cron} zone={zone} />
      </Fields>
    </Confirm>
  );
}

function Preview({ cron, zone }: { cron: string; zone: string }) {
  const [asked] = useDebouncedValue(`${cron.trim()}\n${zone.trim()}`, 250);
  const [expression = "", timezone = ""] = asked.split("\n");
  const preview = usePreview(expression, timezone);
  if (preview.error) return <ProblemPanel error={preview.error} />;
  return (
    <div aria-live="polite">
      <strong>Runs {inWords(expression) ?? "at"}</strong>
      <ul className={css.runs}>
        {preview.data?.next_runs.map((at) => (
          <li key={at}>{inZone(at, timezone)}</li>
        ))}
      </ul>
    </div>
  );
}
