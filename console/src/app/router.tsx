/** Addresses to pages. Each page is a chunk of its own, loaded when it is first looked at. */

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { basePath } from "@/api/base";
import { NotFound, Stumbled } from "./missing";
import { PAGES } from "./pages";
import { Shell } from "./shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const routes = PAGES.map((page) =>
  createRoute({
    getParentRoute: () => root,
    path: page.path,
    component: lazyRouteComponent(page.load),
  }),
);

export const router = createRouter({
  routeTree: root.addChildren(routes),
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
