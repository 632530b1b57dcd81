import { expect, test } from "vitest";
import { call, submit } from "./api";
import { inBrowser } from "./browser";

const open = inBrowser();

test("the palette finds a page by letters and a job by its id", async () => {
  const { id } = await submit("echo", { value: "by its id" });
  const page = await open("/");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor();
  await page.keyboard.type("queue");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Queues" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor();
  await page.keyboard.type(id);
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/jobs/${id}`);
});

test("the sheet of shortcuts opens and closes by keys, and what it names is so", async () => {
  const page = await open("/");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("Shift+?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await sheet.getByText("Go to Workers").waitFor();
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "hidden" });
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await page.getByRole("heading", { level: 1, name: "Workers" }).waitFor();
});

test("a button without words says what it does to who points at it or comes by keys", async () => {
  const page = await open("/queues");
  const button = page.getByRole("button", { name: "Keyboard shortcuts" });
  const tip = page.getByText("Keyboard shortcuts", { exact: true });
  await button.hover();
  await tip.waitFor();
  await page.keyboard.press("Escape");
  await tip.waitFor({ state: "hidden" });
  await button.focus();
  await tip.waitFor();
});

test("a list is walked, chosen from and opened by keys", async () => {
  const sent = [];
  for (const value of [1, 2, 3]) sent.push(await submit("echo", { value }, { tags: ["walked"] }));
  const newestFirst = sent.map(({ id }) => id).reverse();
  const page = await open("/jobs?q=tag:walked");
  await page.getByRole("checkbox", { name: `Choose ${newestFirst[2]}` }).waitFor();
  for (const key of ["j", "j", "j", "k", "x"]) await page.keyboard.press(key);
  await page.getByRole("region", { name: "Chosen jobs" }).getByText("1 chosen").waitFor();
  expect(await page.getByRole("checkbox", { name: `Choose ${newestFirst[1]}` }).isChecked()).toBe(
    true,
  );
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/jobs/${newestFirst[1]}`);
});

test("times are shown by the clock and back again by a key, also after a reload", async () => {
  const { id } = await submit("echo", { value: 1 });
  const page = await open(`/jobs/${id}`);
  const created = page
    .locator("main time")
    .filter({ hasText: /ago|just now/ })
    .first();
  await created.waitFor();
  await page.keyboard.press("t");
  await created.waitFor({ state: "hidden" });
  await page.reload();
  const clock = page
    .locator("main time")
    .filter({ hasText: /^\d\d:\d\d:\d\d$/ })
    .first();
  await clock.waitFor();
  await page.keyboard.press("t");
  await created.waitFor();
});

test("a job that runs is found and cancelled without a mouse", async () => {
  const { id } = await submit("demo.pages", { pages: 600, seconds_each: 1 }, { tags: ["keys"] });
  const page = await open("/");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor();
  await page.keyboard.type(id);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Cancel" }).waitFor();
  await tabTo("Cancel");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await tabTo("Cancel the job");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1 }).getByText("cancelled").waitFor();
  expect((await call<{ state: string }>("GET", `/jobs/${id}`)).state).toBe("cancelled");

  /** Tab until what has the focus is called so; sixty elements are more than the page has before it. */
  async function tabTo(name: string) {
    for (let step = 0; step < 60; step++) {
      const focused = await page.evaluate(() => document.activeElement?.textContent);
      if (focused === name) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`Tab does not reach ${name}`);
  }
});
