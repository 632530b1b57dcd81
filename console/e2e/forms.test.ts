import { expect, test } from "vitest";
import { call } from "./api";
import { inBrowser } from "./browser";

const open = inBrowser();

type Pool = { settings: Record<string, unknown> };

test("a pool is set by a form, and what the form does not show stays", async () => {
  await call("PUT", "/limits/tide", {
    requests_per_minute: 20,
    slack_s: 0.5,
    tenants: { acme: { requests_per_day: 500, weight: 2 } },
  });
  const page = await open("/limits");
  await page.getByRole("button", { name: "Edit tide" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Limit 1: how many").fill("40");
  await dialog.getByRole("button", { name: "Another limit" }).click();
  await dialog.getByLabel("Limit 3: how many").fill("3");
  await dialog.getByText("Also set, and kept: slack_s, tenants.").waitFor();
  await dialog.getByRole("button", { name: "Set them" }).click();
  await dialog.waitFor({ state: "hidden" });
  const { settings } = await call<Pool>("GET", "/limits/tide");
  expect(settings).toMatchObject({
    requests_per_minute: { amount: 40 },
    concurrency: 3,
    slack_s: 0.5,
    tenants: { acme: { requests_per_day: { amount: 500 }, weight: 2 } },
  });
});

test("who sets a pool that another has set meanwhile is told by whom, and overwrites nothing", async () => {
  await call("PUT", "/limits/ebb", { requests_per_minute: 20 });
  const page = await open("/limits", { expected: /status of 412/ });
  await page.getByRole("button", { name: "Edit ebb" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Limit 1: how many").fill("40");
  await call("PUT", "/limits/ebb", { requests_per_minute: 30 });
  await dialog.getByRole("button", { name: "Set them" }).click();
  await dialog.getByText("Somebody was quicker").waitFor();
  await dialog.getByText("has set the limits of 'ebb' at").waitFor();
  const { settings } = await call<Pool>("GET", "/limits/ebb");
  expect(settings).toMatchObject({ requests_per_minute: { amount: 30 } });
});

test("a schedule is made with its queue, its priority and its tags", async () => {
  const page = await open("/schedules");
  await page.getByRole("button", { name: "New schedule" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("tide-table");
  await dialog.getByRole("combobox", { name: "Job type" }).click();
  await page.getByRole("option", { name: "echo", exact: true }).click();
  await dialog.getByLabel("Queue").fill("io");
  await dialog.getByText("high", { exact: true }).click();
  await dialog.getByLabel("Tags").fill("harbour");
  await dialog.getByLabel("Tags").press("Enter");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await dialog.waitFor({ state: "hidden" });
  const { data } = await call<{ data: Record<string, unknown>[] }>("GET", "/schedules");
  expect(data.find((one) => one.name === "tide-table")).toMatchObject({
    queue: "io",
    priority: "high",
    tags: ["harbour"],
  });
});

test("a schedule is run at once, and paused and resumed", async () => {
  type Schedule = { name: string; paused_at: string | null };
  const name = "spring-tide";
  await call("POST", "/schedules", {
    ...{ name, cron: "0 3 1 1 *", timezone: "Europe/Rome" },
    ...{ type: "echo", input: { value: "tide" } },
  });
  const isPaused = async () =>
    (await call<{ data: Schedule[] }>("GET", "/schedules")).data.find((one) => one.name === name)
      ?.paused_at !== null;
  const page = await open("/schedules");
  await page.getByRole("button", { name: `Pause ${name}` }).click();
  await page.getByRole("button", { name: `Resume ${name}` }).waitFor();
  expect(await isPaused()).toBe(true);
  await page.getByRole("button", { name: `Resume ${name}` }).click();
  await page.getByRole("button", { name: `Pause ${name}` }).waitFor();
  expect(await isPaused()).toBe(false);

  await page.getByRole("button", { name: `Run ${name} now` }).click();
  await page.getByRole("button", { name: "Run it now" }).click();
  await page.waitForURL(/\/jobs\/[0-9a-f-]{36}$/);
  await page.getByRole("heading", { level: 1 }).getByText("succeeded").waitFor();
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const { tags } = await call<{ tags: string[] }>("GET", `/jobs/${id}`);
  expect(tags).toContain(`schedule:${name}`);
});
