/** Why what one sees is not what is: the API is away, or the reader holds it. */

import { Button } from "@mantine/core";
import { CirclePause, CloudOff } from "lucide-react";
import { useSyncExternalStore } from "react";
import { isAway, onPresence } from "@/api/presence";
import { holdOrGoOn, useHeld } from "@/hooks/query";
import css from "./banners.module.css";

export function Banners() {
  const away = useSyncExternalStore(onPresence, isAway);
  const held = useHeld();
  return (
    <div role="status" aria-live="polite">
      {away && (
        <div className={css.banner}>
          <CloudOff size={14} aria-hidden />
          <span>
            <b>The API does not answer.</b> What you see is from before; this page goes on by itself
            when it is back.
          </span>
        </div>
      )}
      {held && (
        <div className={css.banner}>
          <CirclePause size={14} aria-hidden />
          <span>
            <b>Held.</b> Lists and numbers stay as they are.
          </span>
          <Button variant="default" onClick={holdOrGoOn}>
            Go on
          </Button>
        </div>
      )}
    </div>
  );
}
