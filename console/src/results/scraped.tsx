/** A web page as it was found: its title, headings and links. */

import { SegmentedControl, TextInput } from "@mantine/core";
import { Search } from "lucide-react";
import { useMemo, useState } from "react";
import { bytes } from "@/parts/size";
import { Frame } from "./frame";
import { count, number, object, text, texts } from "./read";
import type { ResultProps } from "./registry";
import { Rows } from "./rows";
import css from "./scraped.module.css";

export default function ScrapedView({ job, result }: ResultProps) {
  const found = object(result);
  const address = text(found.final_url) || text(found.url);
  const links = useMemo(() => texts(object(result).links), [result]);
  const headings = useMemo(() => texts(object(result).h1s), [result]);
  const [which, setWhich] = useState("all");
  const [wanted, setWanted] = useState("");
  const shown = useMemo(() => {
    const site = hostOf(address);
    const sought = wanted.trim().toLowerCase();
    return links.filter(
      (link) =>
        (which === "all" || (hostOf(link) === site) === (which === "this site")) &&
        link.toLowerCase().includes(sought),
    );
  }, [address, links, which, wanted]);
  return (
    <Frame
      facts={[
        <b key="status">{number(found.status)}</b>,
        bytes(number(found.size) ?? 0),
        count(headings.length, "heading"),
        count(links.length, "link"),
      ]}
      saves={[
        {
          label: "Links",
          name: `links-${job.id}.txt`,
          type: "text/plain",
          content: () => links.map((one) => `${one}\n`).join(""),
        },
      ]}
    >
      <div className={css.top}>
        <p className={css.title}>{text(found.title) || "A page without a title"}</p>
        <Address url={address} />
        {text(found.url) !== address && (
          <p className={css.note}>Asked for as {text(found.url)}, which leads there.</p>
        )}
        {text(found.canonical_url) && text(found.canonical_url) !== address && (
          <p className={css.note}>Calls itself {text(found.canonical_url)}.</p>
        )}
        {text(found.description) && <p>{text(found.description)}</p>}
      </div>
      <div className={css.beside}>
        <section className={css.part} aria-label="Main headings">
          <h3>Main headings</h3>
          {headings.length ? (
            <Rows
              label="Headings"
              count={headings.length}
              estimatePx={28}
              row={(place) => <p className={css.row}>{headings[place]}</p>}
            />
          ) : (
            <p className={css.none}>It has none.</p>
          )}
        </section>
        <section className={css.part} aria-label="Links">
          <h3>Links</h3>
          <div className={css.tools}>
            <SegmentedControl
              size="xs"
              aria-label="Which links"
              data={["all", "this site", "others"]}
              value={which}
              onChange={setWhich}
            />
            <TextInput
              size="xs"
              aria-label="Find a link"
              placeholder="Find"
              leftSection={<Search size={13} />}
              value={wanted}
              onChange={(event) => setWanted(event.currentTarget.value)}
            />
          </div>
          {shown.length ? (
            <Rows
              label={count(shown.length, "link")}
              count={shown.length}
              estimatePx={28}
              row={(place) => (
                <p className={css.row}>
                  <Address url={shown[place] ?? ""} />
                </p>
              )}
            />
          ) : (
            <p className={css.none}>No link is like that.</p>
          )}
        </section>
      </div>
    </Frame>
  );
}

/** A link, if it is one that a browser may follow from here. */
function Address({ url }: { url: string }) {
  if (!/^https?:\/\//i.test(url)) return <span className={css.address}>{url}</span>;
  return (
    <a className={css.address} href={url} title={url} target="_blank" rel="noreferrer">
      {url}
    </a>
  );
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "";
  }
}
