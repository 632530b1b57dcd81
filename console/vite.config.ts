/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// `npm run dev` speaks to a running system: HAULAGE_URL=http://127.0.0.1:8700 npm run dev
const api = process.env.HAULAGE_URL ?? "http://127.0.0.1:8700";

/** What `src/first.ts` needs, in a file of its own. */
const FIRST = "first";
const FORMS =
  /floating-ui|react-(remove-scroll|number-format|style-singleton)|use-(sidecar|callback-ref)|tslib|src\/parts\/(confirm|fields|secret-once)|@mantine\/core\/esm\/(utils\/Floating|components\/(?!Skeleton|CopyButton|Group|Text\/))/;

const shared = (id: string) => /node_modules|src\/(parts|hooks)/.test(id) && !FORMS.test(id);

/** The first script runs as soon as it is there; the entry, which imports it too, waits for all that it needs. */
function firstScript(): Plugin {
  return {
    name: "first-script",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {} }) {
        const file = Object.values(bundle).find(
          (one) => one.type === "chunk" && one.name === FIRST,
        );
        if (!file) return html;
        const script = `<script type="module" crossorigin src="./${file.fileName}"></script>`;
        return html.replace('<script type="module"', `${script}\n    $&`);
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), firstScript()],
  // Relative, and resolved by the page's <base>: the console may be mounted anywhere.
  base: "./",
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  // The API puts a nonce of its own into every answer.
  html: { cspNonce: "__NONCE__" },
  build: {
    outDir: "../haulage/api/console_dist",
    emptyOutDir: true,
    // Inlined files would be data: URLs, which the CSP refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Those that know light-dark(): it says each colour once for both schemes.
    target: ["chrome123", "firefox120", "safari17.5"],
    manifest: true,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Left alone, what pages share is a file for each set of pages: fifty for the list of jobs, each
          // asked for by itself. This way it is what every page needs, and what several do.
          groups: [
            {
              name: FIRST,
              test: /src\/(first|api\/|hooks\/(first-asks|job-query))|openapi-fetch/,
              priority: 3,
            },
            { name: "base", tags: ["$initial"], priority: 2 },
            { name: "shared", test: shared, minShareCount: 4, priority: 1 },
            // What opens over a page, or is filled in: a list is seen without.
            { name: "forms", test: FORMS, minShareCount: 2 },
            { name: "icons", test: /lucide/, minShareCount: 2 },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/health", "/ready", "/docs", "/openapi.json"].map((path) => [path, api]),
    ),
  },
  test: {
    // A file whose tests need a document begins with `// @vitest-environment happy-dom`.
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
