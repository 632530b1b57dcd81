/** Lines over time (uPlot), in the theme's colours. Load it lazily: `const Chart = lazily(() => import("@/parts/chart"))`. */

import "./chart.css";
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";

export type Series = {
  label: string;
  values: (number | null)[];
  /** A CSS variable of the theme, such as `--running`. */
  colour: string;
  dashed?: boolean;
  fill?: boolean;
};

export default function Chart({
  label,
  times,
  series,
  format = (value) => value.toLocaleString(),
  height = 160,
  onPick,
}: {
  label: string;
  /** Seconds since 1970. */
  times: number[];
  series: Series[];
  format?: (value: number) => string;
  height?: number;
  /** A span was dragged over, in seconds since 1970. */
  onPick?: (from: number, to: number) => void;
}) {
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scheme = useComputedColorScheme("light");
  const callbacks = useRef({ format, onPick });
  callbacks.current = { format, onPick };
  const shape = JSON.stringify([scheme, height, series.map(({ values: _, ...rest }) => rest)]);
  const values = [times, ...series.map((one) => one.values)] as uPlot.AlignedData;
  const latest = useRef(values);
  latest.current = values;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for the series' looks
  useEffect(() => {
    if (!place.current || !width) return;
    const style = getComputedStyle(place.current);
    const read = (name: string) => colourOf(style, name);
    const axis = {
      stroke: read("--muted"),
      grid: { stroke: read("--line"), width: 1 },
      ticks: { show: false },
      font: "11px 'Inter Variable', sans-serif",
    };
    plot.current = new uPlot(
      {
        width,
        height,
        padding: [8, 8, 0, 0],
        legend: { live: true },
        cursor: { drag: { x: true, y: false }, points: { size: 6 } },
        scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.1] } },
        axes: [
          axis,
          {
            ...axis,
            size: 56,
            values: (_, ticks) => ticks.map((tick) => callbacks.current.format(tick)),
          },
        ],
        series: [
          { value: (_, at) => (at ? new Date(at * 1000).toLocaleTimeString() : "") },
          ...series.map((one) => ({
            label: one.label,
            stroke: read(one.colour),
            width: 1.5,
            dash: one.dashed ? [4, 4] : undefined,
            fill: one.fill ? `color-mix(in srgb, ${read(one.colour)} 14%, transparent)` : undefined,
            points: {
              show: true,
              size: 5,
              filter: (plot: uPlot, index: number) => lonely(plot.data[index]),
            },
            value: (_: uPlot, value: number | null) =>
              value === null ? "–" : callbacks.current.format(value),
          })),
        ],
        hooks: {
          setSelect: [
            (chart) => {
              const { left, width: picked } = chart.select;
              if (picked < 4) return;
              callbacks.current.onPick?.(
                chart.posToVal(left, "x"),
                chart.posToVal(left + picked, "x"),
              );
              chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      latest.current,
      place.current,
    );
    return () => plot.current?.destroy();
  }, [shape, width > 0]);

  useEffect(() => plot.current?.setData(values), [values]);
  useEffect(() => plot.current?.setSize({ width, height }), [width, height]);

  return (
    <div ref={ref} style={{ minWidth: 0 }}>
      <div ref={place} role="img" aria-label={label} className="chart" />
    </div>
  );
}

/** The values that no line reaches: both neighbours are missing. */
export function lonely(values: ArrayLike<number | null | undefined> | undefined): number[] {
  return Array.from(values ?? [], (_, at) => at).filter(
    (at) => values?.[at] != null && values[at - 1] == null && values[at + 1] == null,
  );
}

/** What a variable comes to in this scheme: a canvas doesn't know `light-dark()`. */
function colourOf(style: CSSStyleDeclaration, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = style.getPropertyValue(name);
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
