/** Debian's Chromium on the system, and what it complains of. */

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";

const EXECUTABLE = process.env.CONSOLE_CHROMIUM ?? "/usr/bin/chromium";
const SEEN_WITHIN_MS = 15_000;

/** One browser for a file; `open` gives each test a page of its own. */
export function inBrowser() {
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  let complaints: string[] = [];

  beforeAll(async () => {
    // The sandbox needs rights that a container's root lacks; only our own pages are opened.
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: ["--no-sandbox"] });
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    const said = complaints;
    complaints = [];
    expect(said).toEqual([]);
  });
  afterAll(() => browser?.close());

  return async function open(
    path: string,
    {
      url = inject("ready").url,
      /** What the browser may say on the console: of requests that a test lets fail. */
      expected = undefined as RegExp | undefined,
    } = {},
  ): Promise<Page> {
    const context = await browser.newContext({
      // Colours and places are looked at where they end.
      reducedMotion: "reduce",
      viewport: { width: 1280, height: 800 },
    });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(SEEN_WITHIN_MS);
    // A breach of the content security policy is an error on the console, too.
    page.on("console", (line) => {
      if (line.type() === "error" && !expected?.test(line.text()))
        complaints.push(`${page.url()}: ${line.text()}`);
    });
    page.on("pageerror", (error) => complaints.push(`${page.url()} threw ${error.message}`));
    await page.goto(`${url}${path}`);
    return page;
  };
}
