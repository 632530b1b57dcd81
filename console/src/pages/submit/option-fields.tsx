/** What can be said beside the input: when, where, how important, how often. */

import { NumberInput, SegmentedControl, TagsInput, TextInput } from "@mantine/core";
import { ChevronRight } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import type { Schema } from "@/api/client";
import { type Fault, faultsAt } from "./faults";
import css from "./option-fields.module.css";
import { DEFAULTS, type Options, optionFaults } from "./options";

export function OptionFields({
  options,
  declared,
  faults,
  onChange,
}: {
  options: Options;
  declared: Schema["TypeDocument"];
  faults: Fault[];
  onChange: (changes: Partial<Options>) => void;
}) {
  const said = Object.keys(DEFAULTS).some(
    (name) => String(options[name as keyof Options]) !== String(DEFAULTS[name as keyof Options]),
  );
  const [open, setOpen] = useState(said);
  const own = optionFaults(options);
  const refused = (name: string) => faultsAt(faults, `/${name}`, true).join(" ") || undefined;
  const hidden = !open && ["queue", "priority", "tags", "run_at", "webhook"].some(refused);
  const { policy } = declared;
  const text = (name: "queue" | "webhook" | "key" | "timeout" | "delay", label: string) => ({
    "aria-label": label,
    value: options[name],
    autoComplete: "off",
    spellCheck: false,
    onChange: (event: { currentTarget: { value: string } }) =>
      onChange({ [name]: event.currentTarget.value }),
  });
  return (
    <section className={css.options}>
      <button
        type="button"
        className={css.toggle}
        aria-expanded={open || hidden}
        onClick={() => setOpen(!open)}
      >
        <ChevronRight size={14} aria-hidden />
        <span>Options</span>
        {!open && <span className="muted ellipsis">{summary(options)}</span>}
      </button>
      {(open || hidden) && (
        <div className={css.grid}>
          <Option label="Start" fault={own.delay ?? own.moment ?? refused("run_at")}>
            <div className={css.pair}>
              <SegmentedControl
                size="xs"
                aria-label="Start"
                data={[
                  { value: "now", label: "now" },
                  { value: "delay", label: "in" },
                  { value: "moment", label: "at" },
                ]}
                value={options.when}
                onChange={(when) => onChange({ when: when as Options["when"] })}
              />
              {options.when === "delay" && (
                <TextInput w={96} placeholder="10m" {...text("delay", "Delay")} />
              )}
              {options.when === "moment" && (
                <TextInput
                  type="datetime-local"
                  aria-label="Moment"
                  value={options.moment}
                  onChange={(event) => onChange({ moment: event.currentTarget.value })}
                />
              )}
            </div>
          </Option>
          <Option label="Priority" fault={refused("priority")}>
            <SegmentedControl
              size="xs"
              aria-label="Priority"
              data={["high", "normal", "low"]}
              value={options.priority}
              onChange={(priority) => onChange({ priority: priority as Options["priority"] })}
            />
          </Option>
          <Option label="Tags" fault={refused("tags")} about="Words to find it by. Enter adds one.">
            <TagsInput
              size="sm"
              aria-label="Tags"
              maxTags={32}
              value={options.tags}
              onChange={(tags) => onChange({ tags })}
            />
          </Option>
          <Option label="Queue" fault={refused("queue")} about={`Of the ${declared.pool} pool.`}>
            <TextInput placeholder={declared.queue} {...text("queue", "Queue")} />
          </Option>
          <Option label="Attempts" fault={refused("max_attempts")}>
            <NumberInput
              size="sm"
              aria-label="Attempts"
              placeholder={String(policy.max_attempts)}
              min={1}
              max={100}
              allowDecimal={false}
              value={options.maxAttempts ?? ""}
              onChange={(next) => onChange({ maxAttempts: typeof next === "number" ? next : null })}
            />
          </Option>
          <Option
            label="Limit of one attempt"
            fault={own.timeout ?? refused("timeout_s")}
            about="90 (seconds), 10m, 2h"
          >
            <TextInput
              placeholder={`${policy.timeout_s}`}
              {...text("timeout", "Limit of one attempt")}
            />
          </Option>
          <Option label="Webhook" fault={refused("webhook")} about="Told of this job, by its name.">
            <TextInput {...text("webhook", "Webhook")} />
          </Option>
          <Option
            label="Idempotency key"
            fault={own.key}
            about="For a day, another submit under it finds this job."
          >
            <TextInput placeholder="a fresh one" {...text("key", "Idempotency key")} />
          </Option>
        </div>
      )}
    </section>
  );
}

function Option({
  label,
  about,
  fault,
  children,
}: {
  label: string;
  about?: string;
  fault?: string;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <div className={css.option} aria-describedby={`${id}-about`}>
      <span className={css.label}>{label}</span>
      {children}
      <div id={`${id}-about`}>
        {fault && <p className={css.fault}>{fault}</p>}
        {about && <p className={css.about}>{about}</p>}
      </div>
    </div>
  );
}

/** What is said, in a line. */
function summary(options: Options): string {
  const { when, delay, priority, tags, queue } = options;
  const start = when === "now" ? "now" : when === "delay" ? `in ${delay}` : "later";
  const said = [start, `${priority} priority`, queue && `queue ${queue}`, tags.join(", ")];
  return said.filter(Boolean).join(" · ");
}
