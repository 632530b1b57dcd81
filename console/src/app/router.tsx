/** Addresses to pages. Each page is a chunk of its own, loaded when it is first looked at. */

import { createRootRoute, createRoute, createRouter, redirect } from "@tanstack/react-router";
import { basePath } from "@/api/base";
import { lazily } from "@/parts/lazily";
import { Allowed } from "./allowed";
import { NotFound, Stumbled } from "./missing";
import { PAGES, type Page as PageOfOurs } from "./pages";
import { Shell } from "./shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const routes = PAGES.map((page) =>
  createRoute({
    getParentRoute: () => root,
    path: page.path,
    component: componentOf(page),
  }),
);

/** Where somebody looks for it who types its name. */
const overview = createRoute({
  getParentRoute: () => root,
  path: "/overview",
  beforeLoad: () => {
    throw redirect({ to: "/", search: true, replace: true });
  },
});

/** The page for those who may see it; a route's component that has `preload` is loaded ahead. */
function componentOf({ load, label, scopes }: PageOfOurs) {
  const Loaded = lazily(load, "page");
  if (!scopes) return Loaded;
  // biome-ignore lint/correctness/noComponentHookFactories: called once for each page, when the router is made
  const Guarded = () => (
    <Allowed scopes={scopes} label={label}>
      <Loaded />
    </Allowed>
  );
  return Object.assign(Guarded, { preload: Loaded.preload });
}

export const router = createRouter({
  routeTree: root.addChildren([...routes, overview]),
  basepath: basePath || "/",
  defaultPreload: "intent",
  defaultPreloadDelay: 80,
  defaultErrorComponent: Stumbled,
  scrollRestoration: true,
  // Plain words, so that an address can be read and written by hand.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(
      Object.entries(search).filter((one): one is [string, string] => Boolean(one[1])),
    ).toString();
    return text && `?${text}`;
  },
});
