/** Stands where a job will be. */

import { Skeleton } from "@mantine/core";

export function Waiting() {
  return (
    <div style={{ display: "grid", gap: 16 }} aria-busy="true">
      <Skeleton height={72} />
      <Skeleton height={240} />
    </div>
  );
}
