/** The same submit from elsewhere: a call to copy. */

import { Button, SegmentedControl } from "@mantine/core";
import { Download } from "lucide-react";
import { useState } from "react";
import { CopyIt } from "@/parts/job-id";
import { save } from "@/parts/save";
import css from "./equivalents.module.css";
import { type Call, cli, curl, python } from "./snippets";

const WAYS = { curl, Python: python, CLI: cli };
type Way = keyof typeof WAYS;

export function Equivalents({ call }: { call: Call }) {
  const [way, setWay] = useState<Way>("curl");
  const { text, file } = WAYS[way](call);
  return (
    <section className={css.calls} aria-label="The same call from elsewhere">
      <div className={css.head}>
        <SegmentedControl
          size="xs"
          aria-label="Written for"
          data={Object.keys(WAYS)}
          value={way}
          onChange={(next) => setWay(next as Way)}
        />
        <CopyIt value={text} what={`the ${way} call`} />
      </div>
      <section className={css.text} tabIndex={0} aria-label={`The ${way} call`}>
        {text}
      </section>
      {file && (
        <Button
          variant="subtle"
          color="gray"
          leftSection={<Download size={14} />}
          onClick={() => save(file.name, file.content, "application/json")}
        >
          Save {file.name}, which it reads
        </Button>
      )}
    </section>
  );
}
