/** Says that the API is away, for as long as it is. */

import { CloudOff } from "lucide-react";
import { useSyncExternalStore } from "react";
import { isAway, onPresence } from "@/api/presence";
import css from "./away.module.css";

export function AwayBanner() {
  const away = useSyncExternalStore(onPresence, isAway);
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
    </div>
  );
}
