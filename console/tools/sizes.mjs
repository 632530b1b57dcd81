// What a browser loads, gzipped: of the entry, and of each page with all that it imports.
// Reads the manifest of the last build; exits with 1 when a budget is passed.
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const DIST = new URL("../../haulage/api/console_dist/", import.meta.url);
const BUDGETS_KB = { entry: 180, jobs: 240 };

if (!existsSync(new URL(".vite/manifest.json", DIST))) {
  console.log("   console sizes: not built (make console)");
  process.exit(1);
}
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", DIST), "utf8"));

function scriptsOf(key, found = new Set()) {
  const part = manifest[key];
  if (!part || found.has(part.file)) return found;
  found.add(part.file);
  for (const one of part.imports ?? []) scriptsOf(one, found);
  return found;
}

function kilobytes(files) {
  let bytes = 0;
  for (const file of files)
    bytes += gzipSync(readFileSync(new URL(file, DIST)), { level: 9 }).length;
  return bytes / 1000;
}

const entry = scriptsOf("index.html");
const sizes = { entry: kilobytes(entry) };
for (const key of Object.keys(manifest)) {
  const page = /^src\/pages\/([^/]+)\/index\.tsx$/.exec(key)?.[1];
  if (page) sizes[page] = kilobytes(scriptsOf(key, new Set()).union(entry));
}
const over = Object.keys(BUDGETS_KB).filter((name) => !(sizes[name] <= BUDGETS_KB[name]));
const rounded = Object.fromEntries(
  Object.entries(sizes).map(([k, v]) => [k, Math.round(v * 10) / 10]),
);
console.log(
  JSON.stringify({
    bench: "console_js_gzip_kb",
    figures: rounded,
    bars: BUDGETS_KB,
    met: !over.length,
  }),
);
process.exit(over.length ? 1 : 0);
