/** Vectors: how long, how they look, which texts are near each other. */

import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef } from "react";
import { csv } from "./csv";
import css from "./embedding.module.css";
import { Frame } from "./frame";
import { count, list, number, object, text, texts } from "./read";
import type { ResultProps } from "./registry";
import { Rows } from "./rows";
import { nearest, norm } from "./vectors";

const COMPARED = 200;

export default function EmbeddingView({ job, result }: ResultProps) {
  const found = object(result);
  const vectors = useMemo(
    () =>
      list(object(result).embeddings).map((one) =>
        list(one).filter((x): x is number => typeof x === "number"),
      ),
    [result],
  );
  const input = object(job.input);
  const sources = [text(input.text), ...texts(input.texts)].filter(Boolean);
  const near = useMemo(
    () => (vectors.length > COMPARED ? [] : vectors.map((_, place) => nearest(vectors, place))),
    [vectors],
  );
  // One scale for all, so that they can be compared with the eye.
  const peak = useMemo(
    () => vectors.reduce((most, one) => one.reduce((m, x) => Math.max(m, Math.abs(x)), most), 0),
    [vectors],
  );
  return (
    <Frame
      facts={[
        <b key="vectors">{count(vectors.length, "vector")}</b>,
        count(number(found.dimensions) ?? 0, "dimension"),
        text(found.model),
        number(found.cached) ? `${count(number(found.cached) ?? 0, "piece")} known already` : "",
      ]}
      notice={
        found.mock === true &&
        "These are random numbers: the installation has a placeholder instead of a key."
      }
      saves={[
        {
          label: "CSV",
          name: `embeddings-${job.id}.csv`,
          type: "text/csv",
          content: () => csv(vectors[0]?.map((_, place) => `d${place}`) ?? [], vectors),
        },
      ]}
    >
      <Rows
        label="Vectors"
        count={vectors.length}
        estimatePx={88}
        row={(place) => {
          const vector = vectors[place] ?? [];
          const other = near[place];
          return (
            <div className={css.vector}>
              <p className={css.source} title={sources[place]}>
                <span className="muted">{place + 1}</span> {sources[place] ?? "–"}
              </p>
              <Strip vector={vector} peak={peak} label={`Vector ${place + 1}`} />
              <p className={css.about}>
                <span>norm {norm(vector).toFixed(4)}</span>
                <span className="mono">
                  [
                  {vector
                    .slice(0, 4)
                    .map((one) => one.toFixed(4))
                    .join(", ")}
                  {vector.length > 4 && ", …"}]
                </span>
                {other && (
                  <span>
                    most like {other.place + 1}, {other.like.toFixed(3)}
                  </span>
                )}
              </p>
            </div>
          );
        }}
      />
    </Frame>
  );
}

const STRIP_PX = 28;

/** Each dimension as a bar: up for positive, down for negative. */
function Strip({ vector, peak, label }: { vector: number[]; peak: number; label: string }) {
  const { ref: frame, width } = useElementSize();
  const place = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme("light");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes what the colours are
  useEffect(() => {
    const canvas = place.current;
    const pen = canvas?.getContext("2d");
    if (!canvas || !pen || !width) return;
    const dots = window.devicePixelRatio || 1;
    canvas.width = width * dots;
    canvas.height = STRIP_PX * dots;
    pen.scale(dots, dots);
    const colours = ["--running", "--waiting"].map((name) => colourOf(canvas, name));
    const step = width / vector.length;
    vector.forEach((value, dimension) => {
      const height = (Math.abs(value) / (peak || 1)) * (STRIP_PX / 2);
      pen.fillStyle = colours[value < 0 ? 1 : 0] ?? "grey";
      const top = value < 0 ? STRIP_PX / 2 : STRIP_PX / 2 - height;
      pen.fillRect(dimension * step, top, Math.max(step - 0.25, 0.5), Math.max(height, 0.5));
    });
  }, [vector, peak, width, scheme]);
  return (
    <div ref={frame} className={css.strip}>
      <canvas ref={place} role="img" aria-label={label} style={{ width, height: STRIP_PX }} />
    </div>
  );
}

/** What a variable comes to here: a canvas knows no variables. */
function colourOf(beside: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  beside.parentElement?.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
