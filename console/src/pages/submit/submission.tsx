/** One job in the making: its input as a form and as JSON, its options, its price, its call. */

import { Button, SegmentedControl, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useMemo, useReducer, useRef, useState } from "react";
import { basePath } from "@/api/base";
import type { Schema as Api } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { useMe } from "@/hooks/use-me";
import { type Body, useQuote, useSubmit } from "@/hooks/use-submit";
import { useUploads } from "@/hooks/use-uploads";
import { JobId } from "@/parts/job-id";
import { ProblemPanel } from "@/parts/problem-panel";
import { draftOf, revise } from "./draft";
import { Equivalents } from "./equivalents";
import { type Fault, faultsOf } from "./faults";
import { InputFields } from "./fields";
import { FormProvider, Marked } from "./fields/form";
import { OptionFields } from "./option-fields";
import { bodyOf, type Options, optionFaults, spanSeconds } from "./options";
import { defsOf } from "./prefill";
import { Price } from "./price";
import { isComplete, type Json } from "./schema";
import css from "./submit.module.css";

const PAUSE_MS = 400;

export function Submission({
  declared,
  clonedFrom,
  initial,
  initialOptions,
}: {
  declared: Api["TypeDocument"];
  clonedFrom: string | null;
  initial: Json;
  initialOptions: Options;
}) {
  const navigate = useNavigate();
  const { me } = useMe();
  const [draft, change] = useReducer(revise, initial, draftOf);
  const [options, setOptions] = useState(initialOptions);
  const [tab, setTab] = useState("Form");
  const uploads = useUploads();
  const submit = useSubmit();
  const schema = declared.input_schema;

  // What is sent is made once for what was said: sending it again after a lost answer is the same request.
  const said = useMemo(() => ({ input: draft.value, options }), [draft.value, options]);
  const made = useRef<{ said: unknown; body: Body } | null>(null);
  const bodyNow = () => {
    if (made.current?.said !== said)
      made.current = { said, body: bodyOf(declared.name, said.input, options, Date.now()) };
    return made.current.body;
  };

  const wrong = Object.keys(optionFaults(options)).length > 0;
  const uploading = uploads.all.some((one) => !one.problem);
  const [settled] = useDebouncedValue(said, PAUSE_MS);
  const defs = useMemo(() => defsOf(schema), [schema]);
  const whole = isComplete(schema, draft.value, defs);
  const ready = settled === said && whole && !draft.fault && !wrong && !uploading;
  const priced = useMemo(
    () => bodyOf(declared.name, settled.input, { ...settled.options, when: "now" }, 0),
    [declared.name, settled],
  );
  const quote = useQuote(ready ? priced : null);

  const refusal = submit.error instanceof ProblemError ? submit.error : null;
  const refused =
    submit.variables?.body === made.current?.body ? faultsOf(refusal, made.current?.body) : [];
  const early = quote.error instanceof ProblemError ? faultsOf(quote.error, priced) : [];
  const faults = [
    ...refused,
    ...early.filter(
      (one) => touched(one, initial, draft.value) && !refused.some((x) => x.where === one.where),
    ),
  ];

  const send = (event: FormEvent) => {
    event.preventDefault();
    submit.mutate(
      { body: bodyNow(), key: options.key || undefined },
      { onSuccess: (job) => navigate({ to: "/jobs/$jobId", params: { jobId: job.id } }) },
    );
  };
  const form = { defs, faults, uploads };
  return (
    <form className={css.columns} onSubmit={send} aria-label={`Submit ${declared.name}`} noValidate>
      <div className={css.main}>
        <p className={css.about}>
          <Marked text={unwrapped(declared.description)} />
        </p>
        {clonedFrom && (
          <p className={css.about}>
            As job <JobId id={clonedFrom} copy={false} /> was submitted. What you change here does
            not change that one.
          </p>
        )}
        <section className={css.input} aria-label="Input">
          <div className={css.inputHead}>
            <h2>Input</h2>
            <SegmentedControl
              size="xs"
              aria-label="Shown as"
              data={["Form", "JSON"]}
              value={tab}
              onChange={setTab}
            />
          </div>
          <div className={css.inputBody}>
            {/* It stays while the JSON is looked at: uploads go on. */}
            <div hidden={tab !== "Form"}>
              {draft.fault && <p className={css.fault}>{draft.fault} See the JSON tab.</p>}
              <FormProvider value={form}>
                <InputFields
                  schema={schema}
                  value={draft.value}
                  onChange={(value) => change({ value })}
                />
              </FormProvider>
            </div>
            {tab === "JSON" && (
              <>
                <Textarea
                  aria-label="Input as JSON"
                  classNames={{ input: css.json }}
                  rows={Math.min(24, Math.max(8, draft.text.split("\n").length + 1))}
                  spellCheck={false}
                  error={Boolean(draft.fault)}
                  value={draft.text}
                  onChange={(event) => change({ text: event.currentTarget.value })}
                />
                {draft.fault && (
                  <p className={css.fault} role="alert">
                    {draft.fault}
                  </p>
                )}
              </>
            )}
          </div>
        </section>
        <OptionFields
          options={options}
          declared={declared}
          faults={faults}
          onChange={(changes) => setOptions((now) => ({ ...now, ...changes }))}
        />
      </div>
      <div className={css.side}>
        <div className={css.send}>
          <Price quote={quote.data} waiting={quote.isLoading} />
          <ProblemPanel error={submit.error} />
          <Button
            type="submit"
            size="sm"
            loading={submit.isPending}
            disabled={Boolean(draft.fault) || wrong || uploading}
          >
            {uploading ? "Uploading …" : "Submit job"}
          </Button>
        </div>
        <Equivalents
          call={{
            body: bodyOf(declared.name, draft.value, options, Date.now()),
            url: `${window.location.origin}${basePath}`,
            auth: me?.auth ?? false,
            key: options.key,
            delay: delayOf(options),
            files: useFileNames(draft.text),
          }}
        />
      </div>
    </form>
  );
}

/** Whether a fault is of something that was changed: nobody is told that an empty form is empty. */
function touched({ where }: Fault, before: Json, now: Json): boolean {
  const [, , name] = where.split("/");
  if (!where.startsWith("/input")) return true;
  if (name === undefined) return before !== now;
  const of = (value: Json) => (value as Record<string, Json> | null)?.[name];
  return of(before) !== of(now);
}

function delayOf({ when, delay }: Options) {
  const seconds = spanSeconds(delay);
  return when === "delay" && seconds !== null ? { text: delay.trim(), seconds } : null;
}

/** Docstrings are wrapped where their source is; paragraphs stay. */
const unwrapped = (text: string) => text.replace(/([^\n])\n(?!\n)/g, "$1 ");

/** Names of the uploaded files that the input names. */
function useFileNames(text: string): Map<string, string> {
  const queries = useQueryClient();
  const known = queries.getQueriesData<Api["FileDocument"]>({ queryKey: ["file"] });
  return new Map(
    known.flatMap(([, file]) =>
      file && text.includes(file.id) ? [[file.id, file.name] as [string, string]] : [],
    ),
  );
}
