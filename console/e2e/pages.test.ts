import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Locator, Page } from "playwright-core";
import { beforeAll, expect, inject, test } from "vitest";
import { submit } from "./api";
import { inBrowser } from "./browser";

const open = inBrowser();
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// The other scheme has the same document: only what depends on its colours is looked at again.
const OF_COLOURS = ["color-contrast", "link-in-text-block"];
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
async function violations(page: Page, rules: string[]): Promise<string[]> {
  // By the debugger: a script tag would break the page's content security policy.
  await page.evaluate(AXE);
  const found = await page.evaluate(async (rules) => {
    const { axe } = window as unknown as {
      axe: { run: (where: Document, options: object) => Promise<{ violations: Violation[] }> };
    };
    return (await axe.run(document, { runOnly: rules })).violations;
  }, rules);
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

const LAYOUTS = [
  { width: 390, colorScheme: "light" },
  { width: 390, colorScheme: "dark" },
  { width: 768, colorScheme: "dark" },
  { width: 768, colorScheme: "light" },
  { width: 1280, colorScheme: "light" },
  { width: 1280, colorScheme: "dark" },
] as const;

// That the browser complained of nothing, of the content security policy least of all, `open` holds.
for (const path of PATHS)
  test(`${path} is accessible and fits on a phone, a tablet and a screen, in both schemes`, async () => {
    const page = await open(path.replace("$job", job));
    for (const { width, colorScheme } of LAYOUTS) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
      await settled(page);
      const where = `${width} px, ${colorScheme}`;
      const rules = colorScheme === "light" ? LEVELS : OF_COLOURS;
      expect(await violations(page, rules), where).toEqual([]);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wider, where).toBeLessThanOrEqual(0);
    }
  });

test("/overview is the overview, and what is no page says so", async () => {
  const page = await open("/overview?span=24h");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  expect(page.url()).toMatch(/\/\?span=24h$/);
  await page.goto(`${inject("ready").url}/overviews`);
  await page.getByText("No page has this address").waitFor();
});

test("a list that one comes to by its address is asked for once, as is who comes", async () => {
  const page = await open("/jobs?q=tag:none created:<2h");
  await page.getByText("No job fits this filter").waitFor();
  const begun = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter((one) => one.name.includes("/api/v1/"))
      .map((one) => ({ path: new URL(one.name).pathname, at: one.startTime })),
  );
  // An open list looks again after three seconds.
  const first = begun.filter(({ at }) => at < (begun[0]?.at ?? 0) + 2000).map(({ path }) => path);
  expect(first.sort()).toEqual(["/api/v1/jobs", "/api/v1/me"]);
});

/** What each page asks for when one comes to it: a resource once. A panel of the overview is one. */
const ASKS: Record<string, string[]> = {
  Overview: ["stats", "queues", "workers", "limits", "dead-letters/groups"],
  Submit: ["types"],
  "Dead letters": ["dead-letters/groups"],
  Schedules: ["schedules"],
  Queues: ["queues"],
  Workers: ["workers"],
  Limits: ["limits"],
  Webhooks: ["webhooks"],
  Credits: ["credits", "credits/entries"],
  Keys: ["keys"],
  Audit: ["audit"],
  Jobs: ["jobs"],
};

test("a change of view asks for what it shows, once", async () => {
  const page = await open("/jobs?q=tag:none");
  await settled(page);
  // Hidden, a page does not look again by itself: what is asked then is what the change of view asks.
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const navigation = page.getByRole("navigation", { name: "Pages" });
  let asked: string[] = [];
  page.on("request", (request) => {
    if (request.resourceType() === "fetch" && request.url().includes("/api/v1/"))
      asked.push(new URL(request.url()).pathname.replace("/api/v1/", ""));
  });
  const visit = async (link: Locator, title: string | RegExp) => {
    asked = [];
    await link.click();
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    await settled(page);
    return asked;
  };
  const visits = [];
  for (const [label, expected] of Object.entries(ASKS)) {
    const link = navigation.getByRole("link", { name: label, exact: true });
    visits.push({ label, expected, all: await visit(link, label) });
  }
  const row = page.locator(`a[href$="/jobs/${job}"]`).first();
  visits.push({
    label: "Job",
    expected: ["", "/events", "/attempts", "/steps"]
      .map((part) => `jobs/${job}${part}`)
      .concat("jobs"),
    all: await visit(row, /demo\.pages/),
  });

  for (const { label, expected, all } of visits) {
    const twice = all.filter((one, at) => all.indexOf(one) !== at);
    expect(twice, `${label} asks twice`).toEqual([]);
    // An answer that is fresh is not asked for again: fewer is as good.
    const others = all.filter((one) => !expected.some((name) => one === name));
    expect(others, `${label} asks for more`).toEqual([]);
  }
});
