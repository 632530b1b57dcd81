/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` speaks to a running system: HAULAGE_URL=http://127.0.0.1:8700 npm run dev
const api = process.env.HAULAGE_URL ?? "http://127.0.0.1:8700";

export default defineConfig({
  plugins: [react()],
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
            { name: "base", tags: ["$initial"], priority: 1 },
            { name: "shared", test: /node_modules|src\/(parts|hooks)/, minShareCount: 4 },
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
