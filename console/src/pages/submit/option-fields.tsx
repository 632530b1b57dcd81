/** What can be said beside the input: when, where, how important, how often. */

import { NumberInput, SegmentedControl, TextInput, type TextInputProps } from "@mantine/core";
import { ChevronRight } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Schema } from "@/api/client";
import { PriorityField, QueueField, TagsField } from "@/parts/fields";
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
  const text = (name: "webhook" | "key" | "timeout" | "delay") => ({
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
                <TextInput w={96} placeholder="10m" aria-label="Delay" {...text("delay")} />
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
            <PriorityField
              value={options.priority}
              onChange={(priority) => onChange({ priority })}
            />
          </Option>
          <TagsField
            {...LOOK}
            error={refused("tags")}
            value={options.tags}
            onChange={(tags) => onChange({ tags })}
          />
          <QueueField
            {...LOOK}
            description={`Of the ${declared.pool} pool.`}
            error={refused("queue")}
            placeholder={declared.queue}
            value={options.queue}
            onChange={(queue) => onChange({ queue })}
          />
          <NumberInput
            {...LOOK}
            label="Attempts"
            error={refused("max_attempts")}
            placeholder={String(policy.max_attempts)}
            min={1}
            max={100}
            allowDecimal={false}
            value={options.maxAttempts ?? ""}
            onChange={(next) => onChange({ maxAttempts: typeof next === "number" ? next : null })}
          />
          <TextInput
            {...LOOK}
            {...text("timeout")}
            label="Limit of one attempt"
            description="90 (seconds), 10m, 2h"
            error={own.timeout ?? refused("timeout_s")}
            placeholder={`${policy.timeout_s}`}
          />
          <TextInput
            {...LOOK}
            {...text("webhook")}
            label="Webhook"
            description="Told of this job, by its name."
            error={refused("webhook")}
          />
          <TextInput
            {...LOOK}
            {...text("key")}
            label="Idempotency key"
            description="For a day, another submit under it finds this job."
            error={own.key}
            placeholder="a fresh one"
          />
        </div>
      )}
    </section>
  );
}

/** Where an option's words stand: below it, as those of the input do. */
const LOOK = {
  size: "sm",
  inputWrapperOrder: ["label", "input", "error", "description"],
  classNames: { label: css.label, description: css.about, error: css.fault },
} satisfies TextInputProps;

/** One whose control has no label of its own. */
function Option({
  label,
  fault,
  children,
}: {
  label: string;
  fault?: string;
  children: ReactNode;
}) {
  return (
    <div className={css.option}>
      <span className={css.label}>{label}</span>
      {children}
      {fault && (
        <p className={css.fault} role="alert">
          {fault}
        </p>
      )}
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
