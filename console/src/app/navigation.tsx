/** Where one can go: at the left, on a phone at the bottom. */

import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Keyboard, LogOut, Menu, Moon, PanelLeft, Search, Sun } from "lucide-react";
import type { ReactNode } from "react";
import { href } from "@/api/base";
import { signOut } from "@/api/session";
import { useMay, useSession } from "@/hooks/use-me";
import iconUrl from "./icon.svg";
import css from "./navigation.module.css";
import { PAGES, type Page } from "./pages";

/** The pages that the caller may see. */
export function usePages(): Page[] {
  const may = useMay();
  return PAGES.filter((page) => page.icon && (!page.scopes || may(...page.scopes)));
}

export function SideNav({
  narrow,
  onNarrow,
  onPalette,
  onShortcuts,
}: {
  narrow: boolean;
  onNarrow: (narrow: boolean) => void;
  onPalette: () => void;
  onShortcuts: () => void;
}) {
  const pages = usePages();
  const { credential } = useSession();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  return (
    <nav className={css.side} aria-label="Pages" data-narrow={narrow || undefined}>
      <div className={css.brand}>
        <Link to="/" className={css.name} aria-label="Haulage">
          <img src={iconUrl} alt="" width={20} height={20} />
          {!narrow && <span>Haulage</span>}
        </Link>
      </div>
      <button
        type="button"
        className={css.search}
        onClick={onPalette}
        // Its words are its name where they are shown: who speaks to it says what they read.
        aria-label={narrow ? "Search" : undefined}
      >
        <Search size={14} aria-hidden />
        {!narrow && (
          <>
            <span>Search</span>
            <kbd>{/Mac/.test(navigator.userAgent) ? "⌘K" : "Ctrl K"}</kbd>
          </>
        )}
      </button>
      <div className={css.groups}>
        {(["Work", "System", "Account"] as const).map((group) => (
          <div key={group}>
            {!narrow && <p className={css.group}>{group}</p>}
            <ul>
              {pages
                .filter((page) => page.group === group)
                .map((page) => (
                  <li key={page.path}>
                    <PageLink page={page} narrow={narrow} />
                  </li>
                ))}
            </ul>
          </div>
        ))}
      </div>
      <div className={css.foot}>
        <Foot
          label={narrow ? "Widen the navigation" : "Narrow the navigation"}
          onClick={() => onNarrow(!narrow)}
        >
          <PanelLeft size={16} />
        </Foot>
        <Foot
          label={scheme === "dark" ? "Light colours" : "Dark colours"}
          onClick={() => setColorScheme(scheme === "dark" ? "light" : "dark")}
        >
          {scheme === "dark" ? <Sun size={16} /> : <Moon size={16} />}
        </Foot>
        <Foot label="Keyboard shortcuts" onClick={onShortcuts}>
          <Keyboard size={16} />
        </Foot>
        {credential && (
          <Foot label="Sign out" onClick={() => signOut()}>
            <LogOut size={16} />
          </Foot>
        )}
        {!narrow && (
          <a className={css.docs} href={href("/docs")} target="_blank" rel="noreferrer">
            API docs
          </a>
        )}
      </div>
    </nav>
  );
}

/** The bar of a phone: what is needed for triage, and the way to the rest. */
export function TabBar({ onMore }: { onMore: () => void }) {
  const pages = usePages();
  const shown = ["/", "/jobs", "/dead-letters", "/queues"];
  return (
    <nav className={css.tabs} aria-label="Main pages">
      {pages
        .filter((page) => shown.includes(page.path))
        .sort((a, b) => shown.indexOf(a.path) - shown.indexOf(b.path))
        .map((page) => (
          <PageLink key={page.path} page={page} narrow={false} />
        ))}
      <button type="button" className={css.link} onClick={onMore}>
        <Menu size={16} aria-hidden />
        <span>More</span>
      </button>
    </nav>
  );
}

function PageLink({ page, narrow }: { page: Page; narrow: boolean }) {
  const Icon = page.icon;
  return (
    <Link
      to={page.path}
      className={css.link}
      activeOptions={{ exact: page.path === "/", includeSearch: false }}
      aria-label={page.label}
      data-tip={narrow ? page.label : undefined}
      data-tip-side="right"
    >
      {Icon && <Icon size={16} aria-hidden />}
      {!narrow && <span>{page.label}</span>}
    </Link>
  );
}

function Foot({
  label,
  onClick,
  children,
}: {
  label: string;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <ActionIcon aria-label={label} data-tip={label} data-tip-side="right" onClick={onClick}>
      {children}
    </ActionIcon>
  );
}
