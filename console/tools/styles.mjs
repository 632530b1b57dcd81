// Whether our styles win over the library's, whichever file the browser reads first, and whether the library's are
// all there: of the last build. Exits with 1 when not, and says what to mend.
import { existsSync, readdirSync, readFileSync } from "node:fs";

const DIST = new URL("../../haulage/api/console_dist/", import.meta.url);
const ASSETS = new URL("assets/", DIST);
const ALL_STYLES = new URL("../node_modules/@mantine/core/styles.css", import.meta.url);
// The weakest first. Rules outside of layers win over them all; those are ours.
const LAYERS = ["reset", "charts", "mantine"];
// How the library calls a class.
const ITS_CLASS = /\bm_[0-9a-f]{6,}\b/g;

if (!existsSync(new URL(".vite/manifest.json", DIST))) {
  console.log("   console styles: not built (make console)");
  process.exit(1);
}

/** Each rule's selector, or `@keyframes` with its name, and the layer that it lies in. */
function* rulesOf(css) {
  const open = [];
  for (const [, head, mark] of css.matchAll(/([^{};]*)([{};])/g)) {
    if (mark === "}") open.pop();
    if (mark !== "{") continue;
    const layer = /^@layer (.*)/.exec(head)?.[1];
    open.push(layer);
    if (/^@keyframes|^[^@]/.test(head)) yield { selector: head, layer: open.findLast(Boolean) };
  }
}

const names = readdirSync(ASSETS);
const read = (name) => readFileSync(new URL(name, ASSETS), "utf8");
const styled = new Set();
const faults = [];
for (const name of names.filter((one) => one.endsWith(".css"))) {
  for (const { selector, layer } of rulesOf(read(name))) {
    const its = selector.match(ITS_CLASS) ?? [];
    for (const one of its) styled.add(one);
    if (its.length && layer !== "mantine")
      faults.push(`${name}: ${selector} is the library's and lies in no layer: import X.layer.css`);
    if (!its.length && /\.u-|\.uplot/.test(selector) && !layer && !selector.includes(".chart"))
      faults.push(`${name}: ${selector} is uPlot's and lies in no layer: see parts/chart.css`);
  }
}

const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", DIST), "utf8"));
const first = manifest["index.html"].css.map((file) => read(file.replace("assets/", ""))).join("");
const order = [
  ...new Set([...first.matchAll(/@layer ([^{;]*)/g)].flatMap((one) => one[1].split(/, ?/))),
];
if (order.join() !== LAYERS.join())
  faults.push(
    `the document's styles have the layers ${order.join(", ")}, not ${LAYERS.join(", ")}`,
  );

const known = new Set(readFileSync(ALL_STYLES, "utf8").match(ITS_CLASS));
const used = new Set(
  names.filter((one) => one.endsWith(".js")).flatMap((one) => read(one).match(ITS_CLASS) ?? []),
);
for (const one of used)
  if (known.has(one) && !styled.has(one))
    faults.push(`.${one} is used and has no styles: add its component to src/app/library.css`);

for (const fault of faults) console.log(`   console styles: ${fault}`);
process.exit(faults.length ? 1 : 0);
