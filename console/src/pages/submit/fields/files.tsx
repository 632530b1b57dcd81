/** Fields that take uploaded files: a place to drop them, how far they are, what is wrong with them. */

import { ActionIcon } from "@mantine/core";
import { ArrowUp, FileText, Upload as UploadIcon, X } from "lucide-react";
import { type DragEvent, useRef, useState } from "react";
import { useFile } from "@/hooks/use-files";
import type { Upload } from "@/hooks/use-uploads";
import { bytes } from "@/parts/size";
import type { Field, Json } from "../schema";
import { type FieldProps, Frame, useForm, useNames } from "./form";
import css from "./form.module.css";

type Props = FieldProps<Extract<Field, { kind: "file" | "files" }>>;

export function FilesField(props: Props) {
  const { field, pointer, value, onChange, required } = props;
  const { uploads } = useForm();
  const names = useNames(pointer, field);
  const picker = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const many = field.kind === "files";
  const ids = (Array.isArray(value) ? value : value ? [value] : []) as string[];
  // What ends while others are under way joins those that are there by then.
  const latest = useRef(ids);
  latest.current = ids;
  const set = (next: string[]) => {
    latest.current = next;
    const filled: Json | undefined = many ? next : next[0];
    onChange(next.length ? filled : required && many ? [] : undefined);
  };
  const take = async (files: FileList | null) => {
    const chosen = [...(files ?? [])].slice(0, many ? undefined : 1);
    if (!many) for (const one of mine) uploads.drop(one.id);
    // One after another, so that they come in the order in which they were chosen.
    for (const file of chosen) {
      const stored = await uploads.start(pointer, file);
      if (stored) set(many ? [...latest.current, stored.id] : [stored.id]);
    }
  };
  const mine = uploads.all.filter((one) => one.pointer === pointer);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  const kinds = field.accepts.map(shortKind).join(", ");
  return (
    <Frame {...props} group id={names.id} field={{ ...field, hint: kinds || field.hint }}>
      {(ids.length > 0 || mine.length > 0) && (
        <ul className={css.files} aria-label={`Files of ${props.label}`}>
          {ids.map((id, place) => (
            <Stored
              key={id}
              id={id}
              accepts={field.accepts}
              onUp={
                place > 0
                  ? () =>
                      set([
                        ...ids.slice(0, place - 1),
                        id,
                        ids[place - 1] as string,
                        ...ids.slice(place + 1),
                      ])
                  : undefined
              }
              onRemove={() => set(ids.filter((one) => one !== id))}
            />
          ))}
          {mine.map((one) => (
            <UnderWay key={one.id} upload={one} onDrop={() => uploads.drop(one.id)} />
          ))}
        </ul>
      )}
      <input
        ref={picker}
        type="file"
        hidden
        multiple={many}
        accept={field.accepts.join(",") || undefined}
        onChange={(event) => {
          take(event.currentTarget.files);
          // So that the same file can be chosen again.
          event.currentTarget.value = "";
        }}
      />
      <button
        type="button"
        aria-describedby={`${names.id}-about`}
        className={css.drop}
        data-over={over || undefined}
        onClick={() => picker.current?.click()}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <UploadIcon size={16} aria-hidden />
        <span>
          <b>{wanted(many, ids.length)}</b> or click to choose
        </span>
      </button>
    </Frame>
  );
}

const wanted = (many: boolean, there: number) =>
  many ? `Drop ${there ? "more " : ""}files here` : `Drop ${there ? "another" : "a"} file here`;

/** "application/pdf" as people say it. */
const shortKind = (type: string) => (type.split("/").pop() ?? type).toUpperCase();

function Stored({
  id,
  accepts,
  onUp,
  onRemove,
}: {
  id: string;
  accepts: string[];
  onUp?: () => void;
  onRemove: () => void;
}) {
  const { data: file, error } = useFile(id);
  const wrong =
    file?.fault?.message ??
    (file && accepts.length && !accepts.includes(file.media_type)
      ? `This is ${file.media_type}; ${accepts.map(shortKind).join(" or ")} is wanted.`
      : error?.message);
  const about = file && [
    bytes(file.size),
    file.pages && `${file.pages} ${file.pages === 1 ? "page" : "pages"}`,
    file.media_type,
  ];
  return (
    <li className={css.file}>
      <FileText size={16} aria-hidden color={wrong ? "var(--failed)" : "var(--muted)"} />
      <div className={css.fileName}>
        <p className="ellipsis" title={`${file?.name ?? ""}\n${id}`}>
          {file?.name ?? id}
        </p>
        {about && <p className={css.about}>{about.filter(Boolean).join(" · ")}</p>}
        {wrong && <p className={css.fault}>{wrong}</p>}
      </div>
      {onUp && (
        <ActionIcon aria-label={`Move ${file?.name ?? id} up`} onClick={onUp}>
          <ArrowUp size={14} />
        </ActionIcon>
      )}
      <ActionIcon aria-label={`Remove ${file?.name ?? id}`} onClick={onRemove}>
        <X size={14} />
      </ActionIcon>
    </li>
  );
}

function UnderWay({ upload, onDrop }: { upload: Upload; onDrop: () => void }) {
  const { name, size, sent, problem } = upload;
  const percent = size ? Math.min(100, Math.round((100 * sent) / size)) : 100;
  return (
    <li className={css.file}>
      <FileText size={16} aria-hidden color={problem ? "var(--failed)" : "var(--muted)"} />
      <div className={css.fileName}>
        <p className="ellipsis" title={name}>
          {name}
        </p>
        {problem ? (
          <p className={css.fault}>{problem.message}</p>
        ) : (
          <>
            <p className={css.about}>
              {sent < size ? `${bytes(sent)} of ${bytes(size)}` : "Being looked at"}
            </p>
            <div
              className={css.bar}
              role="progressbar"
              aria-label={`Upload of ${name}`}
              aria-valuemin={0}
              aria-valuemax={100}
              aria-valuenow={percent}
            >
              <div style={{ width: `${percent}%` }} />
            </div>
          </>
        )}
      </div>
      <ActionIcon aria-label={problem ? `Forget ${name}` : `Stop ${name}`} onClick={onDrop}>
        <X size={14} />
      </ActionIcon>
    </li>
  );
}
