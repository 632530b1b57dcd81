import "@fontsource-variable/inter";
import "./app/library.css";
import "./app/global.css";
import "./first";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { href } from "./api/base";
import { PAGES } from "./app/pages";
import { router } from "./app/router";
import { nonce, theme } from "./app/theme";
import { queries } from "./hooks/query";
import { askWhoIsThere } from "./hooks/use-me";

// What keeps the page still behind a dialog writes a style, too, and asks for its nonce under this name.
Object.assign(globalThis, { __webpack_nonce__: nonce() });

/** Drawn once, with what is there by then, where the API answers at once; else what surrounds it comes first. */
const WAIT_AT_MOST_MS = 150;

async function start(place: HTMLElement) {
  const { pathname, search } = window.location;
  const page = PAGES.find((one) => href(one.path) === pathname);
  await Promise.race([
    Promise.allSettled([
      router.load(),
      askWhoIsThere(),
      page?.ask?.(Object.fromEntries(new URLSearchParams(search))),
    ]),
    new Promise((resolve) => setTimeout(resolve, WAIT_AT_MOST_MS)),
  ]);
  createRoot(place).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={nonce}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}

const place = document.getElementById("root");
if (place) start(place);
