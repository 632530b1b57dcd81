/** What surrounds every page: navigation, sign-in, the palette, and a word when the API is away. */

import { useHotkeys, useLocalStorage } from "@mantine/hooks";
import { Outlet } from "@tanstack/react-router";
import { Suspense, useEffect, useState } from "react";
import { holdOrGoOn } from "@/hooks/query";
import { useMe } from "@/hooks/use-me";
import { lazily } from "@/parts/lazily";
import { turnTimes } from "@/parts/time";
import { Banners } from "./banners";
import { SideNav, TabBar } from "./navigation";
import css from "./shell.module.css";
import { useGoKeys } from "./shortcuts";
import { Tips } from "./tips";

const Palette = lazily(() => import("./palette"), "dialog");
const Shortcuts = lazily(() => import("./shortcut-sheet"), "dialog");
const SignIn = lazily(() => import("./sign-in"), "page");

const PALETTE_AFTER_MS = 1500;

export function Shell() {
  const { checked, needsSignIn } = useMe();
  const [narrow, setNarrow] = useLocalStorage({ key: "haulage.nav", defaultValue: false });
  const [open, setOpen] = useState<"palette" | "shortcuts" | null>(null);
  useHotkeys([
    ["mod+K", () => setOpen("palette")],
    ["shift+?", () => setOpen("shortcuts")],
    ["t", turnTimes],
    ["p", holdOrGoOn],
    ["[", () => setNarrow((now) => !now)],
  ]);
  useGoKeys();
  // The first ⌘K must not lose the letters that follow it.
  useEffect(() => {
    const timer = setTimeout(Palette.preload, PALETTE_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  if (needsSignIn)
    return (
      <Suspense>
        <Banners />
        <SignIn />
      </Suspense>
    );
  return (
    <div className={css.shell} data-narrow={narrow || undefined}>
      <a href="#main" className={css.skip}>
        Skip to the page
      </a>
      <SideNav
        narrow={narrow}
        onNarrow={setNarrow}
        onPalette={() => setOpen("palette")}
        onShortcuts={() => setOpen("shortcuts")}
      />
      <main id="main" className={css.main} tabIndex={-1}>
        <Banners />
        {checked && <Outlet />}
      </main>
      <TabBar onMore={() => setOpen("palette")} />
      <Suspense>
        {open === "palette" && <Palette onClose={() => setOpen(null)} />}
        {open === "shortcuts" && <Shortcuts onClose={() => setOpen(null)} />}
      </Suspense>
      <Tips />
    </div>
  );
}
