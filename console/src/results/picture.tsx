/** A page of a file as it looks, with places on it. */

import { Skeleton } from "@mantine/core";
import { ImageOff } from "lucide-react";
import { usePicture } from "@/hooks/use-files";
import css from "./picture.module.css";

export type Box = {
  left: number;
  top: number;
  right: number;
  bottom: number;
  of: number;
  /** Named for those who don't see it; the first box of each alone. */
  label?: string;
};

export function Picture({
  file,
  page,
  width = 1000,
  boxes = [],
  active = null,
  onActive,
  onChoose,
}: {
  file: string | null;
  page: number;
  /** Pixels to ask for. */
  width?: number;
  boxes?: Box[];
  active?: number | null;
  onActive?: (of: number | null) => void;
  onChoose?: (of: number) => void;
}) {
  const { url, error } = usePicture(file, page, width);
  if (error || !file)
    return (
      <div className={css.lacking}>
        <ImageOff size={16} aria-hidden />
        <span>{error?.message ?? "Its file is not kept any more."}</span>
      </div>
    );
  if (!url) return <Skeleton className={css.waiting} />;
  return (
    <div className={css.picture}>
      <img src={url} alt={`Page ${page} of the file`} />
      {boxes.map((box, place) => (
        <button
          // biome-ignore lint/suspicious/noArrayIndexKey: a box is its place
          key={place}
          type="button"
          className={css.box}
          data-active={box.of === active || undefined}
          style={{
            left: `${100 * box.left}%`,
            top: `${100 * box.top}%`,
            width: `${100 * (box.right - box.left)}%`,
            height: `${100 * (box.bottom - box.top)}%`,
          }}
          aria-label={box.label ?? "Goes on here"}
          tabIndex={box.label ? 0 : -1}
          onMouseEnter={() => onActive?.(box.of)}
          onMouseLeave={() => onActive?.(null)}
          onFocus={() => onActive?.(box.of)}
          onBlur={() => onActive?.(null)}
          onClick={() => onChoose?.(box.of)}
        />
      ))}
    </div>
  );
}
