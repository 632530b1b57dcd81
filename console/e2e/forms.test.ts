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
