import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { submit } from "./api";
import { inBrowser } from "./browser";

const open = inBrowser();
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const PATHS = [
  ...["/", "/jobs", "/jobs/$job", "/submit", "/submit?type=demo.pages", "/dead-letters"],
  ...["/schedules", "/queues", "/workers", "/limits", "/webhooks", "/credits", "/keys", "/audit"],
];
let job = "";
beforeAll(async () => {
  job = (await submit("demo.pages", { pages: 2, seconds_each: 0, lines: 20 })).id;
  await submit("demo.fails", { why: "The provider answered 503." });
});

type Violation = { id: string; nodes: { target: unknown; failureSummary?: string }[] };

/** What axe holds against the page as it stands, in lines. */
async function violations(page: Page): Promise<string[]> {
  // By the debugger: a script tag would break the page's content security policy.
  await page.evaluate(AXE);
  const found = await page.evaluate(async (levels) => {
    const { axe } = window as unknown as {
      axe: { run: (where: Document, options: object) => Promise<{ violations: Violation[] }> };
    };
    return (await axe.run(document, { runOnly: levels })).violations;
  }, LEVELS);
  return found.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`),
  );
}

/** Until nothing is loading any more, as a reader sees it. */
async function settled(page: Page) {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForFunction(
    () => !document.querySelector("[aria-busy=true], .mantine-Skeleton-root"),
  );
}

// That the browser complained of nothing, of the content security policy least of all, `open` holds.
for (const path of PATHS)
  test(`${path} is accessible in both schemes and keeps to its security policy`, async () => {
    const page = await open(path.replace("$job", job));
    await settled(page);
    expect(await violations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
    expect(await violations(page)).toEqual([]);
  });

test("a change of view asks the API once", async () => {
  const page = await open("/jobs");
  await settled(page);
  const navigation = page.getByRole("navigation", { name: "Pages" });
  const asked: Record<string, string[]> = {};
  for (const label of ["Queues", "Workers", "Limits", "Webhooks", "Keys", "Audit", "Jobs"]) {
    const urls: string[] = [];
    const listen = (request: { url: () => string; resourceType: () => string }) => {
      if (request.resourceType() === "fetch" && request.url().includes("/api/"))
        urls.push(new URL(request.url()).pathname + new URL(request.url()).search);
    };
    page.on("request", listen);
    await navigation.getByRole("link", { name: label, exact: true }).click();
    await page.getByRole("heading", { level: 1, name: label }).waitFor();
    await settled(page);
    page.off("request", listen);
    asked[label] = urls;
  }
  // An answer that is fresh is not asked for again: none is as good as one.
  const asksMore = Object.entries(asked).filter(([, urls]) => urls.length > 1);
  expect(asksMore).toEqual([]);
  expect(asked.Queues).toHaveLength(1);
});
