/** The way to saved views. Their menu is loaded when somebody reaches for it: a list is seen more often. */

import { Button } from "@mantine/core";
import { Bookmark } from "lucide-react";
import { Suspense, useState } from "react";
import { lazily } from "@/parts/lazily";
import type { ViewsProps } from "./views-menu";

const ViewsMenu = lazily(() => import("./views-menu"));

export function SavedViews(props: Omit<ViewsProps, "button">) {
  const [wanted, setWanted] = useState(false);
  const button = (
    <Button
      variant="default"
      h={34}
      leftSection={<Bookmark size={14} />}
      aria-haspopup="menu"
      onPointerEnter={ViewsMenu.preload}
      onFocus={ViewsMenu.preload}
      onClick={wanted ? undefined : () => setWanted(true)}
    >
      Views
    </Button>
  );
  if (!wanted) return button;
  return (
    <Suspense fallback={button}>
      <ViewsMenu {...props} button={button} />
    </Suspense>
  );
}
