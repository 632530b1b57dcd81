/** `g` and a letter: to a page. */

import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { usePages } from "./navigation";

const WAITS_MS = 1000;

export function useGoKeys() {
  const pages = usePages();
  const navigate = useNavigate();
  useEffect(() => {
    let armed = 0;
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.metaKey || event.ctrlKey || event.altKey) return;
      if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      if (event.key === "g") {
        armed = event.timeStamp;
        return;
      }
      const page = pages.find((one) => one.key === event.key);
      if (page && armed && event.timeStamp - armed < WAITS_MS) {
        event.preventDefault();
        navigate({ to: page.path });
      }
      armed = 0;
    };
    // Before a list sees it: after `g`, `j` is the way to the jobs and no step in the list.
    window.addEventListener("keydown", press, true);
    return () => window.removeEventListener("keydown", press, true);
  }, [pages, navigate]);
}
