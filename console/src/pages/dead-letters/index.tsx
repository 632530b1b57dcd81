/** Failed jobs by their cause; a cause opens into its jobs. */

import { useUrlState } from "@/hooks/use-url-state";
import { Causes } from "./causes";
import { OneCause } from "./one-cause";

export default function DeadLettersPage() {
  const [{ group }] = useUrlState();
  return group ? <OneCause fingerprint={group} /> : <Causes />;
}
