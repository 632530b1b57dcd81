// Pictures of pages of a running system, to be looked at.
//
//   python tools/console.py node tools/shot.mjs URL FOLDER [page …] [--key hlg_…] [--schemes light,dark] [--widths 1280,390]
//
// A page is a path ("jobs", "jobs?q=state:failed", "jobs/ID"); without any, all of the navigation. `job` means
// the newest job. "NAME@PATH" names the picture, "NAME@PATH@BUTTON" presses a button first. Says what the browser complained of; exits with 1 when a page broke the content security
// policy, threw, or is wider than the window.
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const ALL = [
  ..."/ jobs job submit dead-letters schedules queues workers limits webhooks credits keys audit".split(
    " ",
  ),
];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    key: { type: "string" },
    schemes: { type: "string", default: "light,dark" },
    widths: { type: "string", default: "1280,390" },
    wait: { type: "string", default: "600" },
    scale: { type: "string" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
});
const [url, folder, ...pages] = positionals;
if (!folder) throw new Error("shot.mjs URL FOLDER [page …]");
mkdirSync(folder, { recursive: true });

async function newestJob() {
  const headers = values.key ? { Authorization: `Bearer ${values.key}` } : {};
  const answer = await fetch(`${url}/api/v1/jobs?limit=1`, { headers });
  return `jobs/${(await answer.json()).data[0]?.id}`;
}

const browser = await chromium.launch({ executablePath: values.chromium, args: ["--no-sandbox"] });
let broken = 0;
for (const colorScheme of values.schemes.split(",")) {
  for (const width of values.widths.split(",").map(Number)) {
    const context = await browser.newContext({
      colorScheme,
      viewport: { width, height: width < 600 ? 844 : 800 },
      deviceScaleFactor: Number(values.scale ?? (width < 600 ? 2 : 1)),
      hasTouch: width < 600,
    });
    if (values.key)
      await context.addInitScript(
        (key) => sessionStorage.setItem("haulage.credential", key),
        values.key,
      );
    for (const name of pages.length ? pages : ALL) {
      const [first, address = first, button] = name.split("@");
      const path = address === "job" ? await newestJob() : address.replace(/^\//, "");
      const page = await context.newPage();
      const said = [];
      page.on("pageerror", (error) => said.push(`threw: ${error.message}`));
      page.on("console", (line) => {
        if (line.type() === "error") said.push(line.text());
      });
      await page.goto(`${url}/${path}`);
      await page
        .locator("h1")
        .first()
        .waitFor({ timeout: 10_000 })
        .catch(() => said.push("no heading"));
      await page.waitForTimeout(Number(values.wait));
      if (button) {
        await page.getByRole("button", { name: button, exact: true }).first().click();
        await page.waitForTimeout(Number(values.wait));
      }
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wider > 0) said.push(`is ${wider} px wider than the window`);
      const file = `${folder}/${first.replace(/^\//, "").replace(/[^\w-]+/g, "_") || "overview"}-${colorScheme}-${width}.png`;
      await page.screenshot({ path: file });
      for (const line of said) console.log(`${file}: ${line}`);
      broken += said.length ? 1 : 0;
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
process.exit(broken ? 1 : 0);
