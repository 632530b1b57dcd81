// How quick two pages are in Chromium, as one line of JSON; `python -m bench console` reads it.
//
//   python tools/console.py node tools/measure.mjs URL JOB
//
// The list of jobs: from the navigation to its first row in the document; of a browser that has nothing of
// the console yet, of one that has been there, and by a click in the console. The log of JOB: the time between frames while a script scrolls through all of it and back, and
// the share of frames in which a line was missing where one belongs.
import { chromium } from "playwright-core";

const [url, job] = process.argv.slice(2);
const TIMES = 10;
const ROW = "table[aria-label=Jobs] tbody a";
const STEP_PX = 240;

const browser = await chromium.launch({
  executablePath: process.env.CONSOLE_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});

/** The milliseconds after `since()` at which the first row is there. */
const firstRow = (page) => page.waitForFunction(() => window.firstRowMs).then((h) => h.jsonValue());
const watch = (row) => {
  let began = 0;
  document.addEventListener(
    "click",
    () => {
      began = performance.now();
      window.firstRowMs = undefined;
    },
    true,
  );
  new MutationObserver(() => {
    if (!window.firstRowMs && document.querySelector(row))
      window.firstRowMs = performance.now() - began;
  }).observe(document, { childList: true, subtree: true });
};

const visited = [];
const loaded = [];
const clicked = [];
for (let time = 0; time <= TIMES; time++) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript(watch, ROW);
  const page = await context.newPage();
  await page.goto(`${url}/jobs`);
  const first = await firstRow(page);
  await page.goto("about:blank");
  await page.goto(`${url}/jobs`);
  const again = await firstRow(page);
  await page.goto(`${url}/queues`);
  await page.getByRole("row", { name: /^io/ }).waitFor();
  await page.getByRole("link", { name: "Jobs", exact: true }).click();
  const within = await firstRow(page);
  // The first opens the database's files.
  if (time) {
    visited.push(first);
    loaded.push(again);
    clicked.push(within);
  }
  await context.close();
}

const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(`${url}/jobs/${job}`);
await page.getByText(/^10,0\d\d lines/).waitFor();
await page.waitForTimeout(1000);
const scroll = await page.evaluate(
  (step) =>
    new Promise((resolve) => {
      const box = document.querySelector("[aria-label='Log lines']");
      const all = box.scrollHeight;
      box.scrollIntoView({ block: "center" });
      const frames = [];
      let blank = 0;
      let last = 0;
      let way = -1;
      const rect = box.getBoundingClientRect();
      const frame = (now) => {
        if (last) {
          frames.push(now - last);
          for (const part of [0.1, 0.5, 0.9]) {
            const at = document.elementFromPoint(rect.left + 60, rect.top + rect.height * part);
            if (at === box || at?.parentElement === box) {
              blank++;
              break;
            }
          }
        }
        last = now;
        box.scrollTop += way * step;
        if (box.scrollTop <= 0) way = 1;
        if (way > 0 && box.scrollTop + box.clientHeight >= all - 1) resolve({ frames, blank });
        else requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    }),
  STEP_PX,
);
await browser.close();

const sorted = (all) => [...all].sort((a, b) => a - b);
const part = (all, share) => sorted(all)[Math.min(all.length - 1, Math.floor(all.length * share))];
console.log(
  JSON.stringify({
    first_visit_first_row_ms: { median: part(visited, 0.5), worst: Math.max(...visited) },
    loaded_first_row_ms: { median: part(loaded, 0.5), worst: Math.max(...loaded) },
    clicked_first_row_ms: { median: part(clicked, 0.5), worst: Math.max(...clicked) },
    scrolled_frames: scroll.frames.length,
    frame_p50_ms: part(scroll.frames, 0.5),
    frame_p95_ms: part(scroll.frames, 0.95),
    frame_worst_ms: Math.max(...scroll.frames),
    frames_with_a_line_missing: scroll.blank,
  }),
);
