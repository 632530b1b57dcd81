/** What can be run here. */

import { TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { FileText, Search } from "lucide-react";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { EmptyState } from "@/parts/empty-state";
import { Marked } from "./fields/form";
import css from "./gallery.module.css";

type Declared = Schema["TypeDocument"];

export function Gallery({ types }: { types: Declared[] }) {
  const [wanted, setWanted] = useState("");
  const found = types.filter((one) =>
    `${one.name} ${one.description}`.toLowerCase().includes(wanted.trim().toLowerCase()),
  );
  return (
    <>
      <TextInput
        maw={320}
        aria-label="Find a job type"
        placeholder="Find a job type"
        leftSection={<Search size={14} />}
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      {found.length ? (
        <ul className={css.types} aria-label="Job types">
          {found.map((one) => (
            <li key={one.name}>
              <Link to="/submit" search={{ type: one.name } as never} className={css.type}>
                <span className={css.name}>
                  {one.name}
                  {takesFiles(one) && <FileText size={13} aria-label="takes files" role="img" />}
                </span>
                <span className={css.about}>
                  <Marked text={firstSentence(one.description)} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      ) : (
        <EmptyState title="No job type has that in its name or description" />
      )}
    </>
  );
}

const takesFiles = (one: Declared) => JSON.stringify(one.input_schema).includes('"x-haulage-file"');

const firstSentence = (text: string) => text.split("\n\n")[0] ?? "";
