/** Draws a part of the console as its pages do, with everything that surrounds them. For tests. */

import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { theme } from "@/app/theme";

/** What is drawn, and where the router went. */
export async function draw(part: ReactNode) {
  const root = createRootRoute();
  const here = createRoute({ getParentRoute: () => root, path: "/", component: () => part });
  const job = createRoute({ getParentRoute: () => root, path: "/jobs/$jobId" });
  const router = createRouter({
    routeTree: root.addChildren([here, job]),
    history: createMemoryHistory({ initialEntries: ["/"] }),
  });
  await router.load();
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const drawn = render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...drawn, path: () => router.state.location.pathname };
}
