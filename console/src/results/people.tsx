/** The people of a text, and each of their mentions in it. */

import { ActionIcon } from "@mantine/core";
import { ChevronDown, ChevronUp } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { csv } from "./csv";
import { Frame } from "./frame";
import { MarkedText, type MarkedTextHandle } from "./marked-text";
import { type Mark, unitsOf } from "./marks";
import css from "./people.module.css";
import { count, number, object, objects, text, texts } from "./read";
import type { ResultProps } from "./registry";
import shared from "./views.module.css";

type Person = {
  name: string;
  aliases: string[];
  role: string;
  wikidata: string;
  mentions: { start: number; end: number; text: string }[];
};

export default function PeopleView({ job, result }: ResultProps) {
  const source = text(object(job.input).text);
  const people = useMemo(() => peopleOf(result), [result]);
  const marks = useMemo(() => marksOf(source, people), [source, people]);
  const [hovered, setHovered] = useState<number | null>(null);
  const [chosen, setChosen] = useState<{ of: number; turn: number } | null>(null);
  const place = useRef<MarkedTextHandle>(null);
  const theirs = (of: number) => marks.filter((mark) => mark.of === of);
  const at = chosen ? theirs(chosen.of)[chosen.turn]?.start : null;

  const go = (of: number, turn: number) => {
    const all = theirs(of);
    if (!all.length) return setChosen({ of, turn: 0 });
    const next = (turn + all.length) % all.length;
    setChosen({ of, turn: next });
    place.current?.show(all[next]?.start ?? 0);
  };
  return (
    <Frame
      facts={[
        <b key="people">{count(people.length, "person", "people")}</b>,
        count(marks.length, "mention"),
      ]}
      saves={[
        {
          label: "People (CSV)",
          name: `people-${job.id}.csv`,
          type: "text/csv",
          content: () => peopleCsv(people),
        },
        {
          label: "Mentions (CSV)",
          name: `mentions-${job.id}.csv`,
          type: "text/csv",
          content: () => mentionsCsv(people),
        },
      ]}
    >
      {people.length === 0 ? (
        <p className={shared.none}>The text names nobody.</p>
      ) : (
        <div className={css.beside}>
          <ul className={css.people} aria-label="People">
            {people.map((person, of) => (
              <li
                key={person.name + String(of)}
                className={css.person}
                data-active={of === (hovered ?? chosen?.of) || undefined}
                onMouseEnter={() => setHovered(of)}
                onMouseLeave={() => setHovered(null)}
              >
                <button
                  type="button"
                  className={css.choose}
                  aria-pressed={chosen?.of === of}
                  onClick={() => go(of, chosen?.of === of ? chosen.turn + 1 : 0)}
                >
                  <span className={css.name}>{person.name}</span>
                  <span className={css.role}>
                    {[person.role, ...person.aliases].filter(Boolean).join(" · ")}
                  </span>
                </button>
                <span className={css.turn}>
                  {chosen?.of === of && person.mentions.length > 1 ? (
                    <>
                      <ActionIcon
                        size="sm"
                        aria-label={`Mention before, of ${person.name}`}
                        onClick={() => go(of, chosen.turn - 1)}
                      >
                        <ChevronUp size={13} />
                      </ActionIcon>
                      {chosen.turn + 1}/{person.mentions.length}
                      <ActionIcon
                        size="sm"
                        aria-label={`Next mention of ${person.name}`}
                        onClick={() => go(of, chosen.turn + 1)}
                      >
                        <ChevronDown size={13} />
                      </ActionIcon>
                    </>
                  ) : (
                    person.mentions.length
                  )}
                </span>
                {person.wikidata && (
                  <a
                    className={css.wikidata}
                    href={`https://www.wikidata.org/wiki/${person.wikidata}`}
                    target="_blank"
                    rel="noreferrer"
                  >
                    {person.wikidata}
                  </a>
                )}
              </li>
            ))}
          </ul>
          {source ? (
            <MarkedText
              ref={place}
              label="The text"
              text={source}
              marks={marks}
              active={hovered ?? chosen?.of ?? null}
              at={at}
              onActive={setHovered}
              onChoose={(of, start) =>
                setChosen({ of, turn: theirs(of).findIndex((mark) => mark.start === start) })
              }
            />
          ) : (
            <p className={shared.none}>Its text is not kept any more.</p>
          )}
        </div>
      )}
    </Frame>
  );
}

function peopleOf(result: unknown): Person[] {
  return objects(object(result).people).map((one) => ({
    name: text(one.name),
    aliases: texts(one.aliases),
    role: text(one.role),
    wikidata: /^Q\d+$/.test(text(one.wikidata_id)) ? text(one.wikidata_id) : "",
    mentions: objects(one.mentions).map((mention) => ({
      start: number(mention.start) ?? 0,
      end: number(mention.end) ?? 0,
      text: text(mention.text),
    })),
  }));
}

function marksOf(source: string, people: Person[]): Mark[] {
  const all = people.flatMap(({ mentions }, of) => mentions.map((mention) => ({ ...mention, of })));
  const units = unitsOf(
    source,
    all.flatMap(({ start, end }) => [start, end]),
  );
  return all
    .map(({ of }, place) => ({ start: units[2 * place] ?? 0, end: units[2 * place + 1] ?? 0, of }))
    .sort((one, other) => one.start - other.start);
}

const peopleCsv = (people: Person[]) =>
  csv(
    ["name", "role", "aliases", "mentions", "wikidata_id"],
    people.map((one) => [
      one.name,
      one.role,
      one.aliases.join("; "),
      one.mentions.length,
      one.wikidata,
    ]),
  );

const mentionsCsv = (people: Person[]) =>
  csv(
    ["name", "start", "end", "text"],
    people.flatMap(({ name, mentions }) =>
      mentions.map((mention) => [name, mention.start, mention.end, mention.text]),
    ),
  );
