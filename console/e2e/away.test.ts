import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { inBrowser } from "./browser";
import { type Api, api, freePort } from "./system";

// A server of its own on the system that all share: it alone is stopped.
let port: number;
let server: Api;
beforeAll(async () => {
  port = await freePort();
  server = await api(inject("ready"), port);
});
afterAll(() => server?.stop());
const open = inBrowser();
const expected = /net::ERR_|Failed to load resource|Failed to fetch/;

test("while nothing answers the page keeps what it showed and says so; then it goes on by itself", async () => {
  const page = await open("/queues", { url: server.url, expected });
  const row = page.getByRole("row", { name: /^io/ });
  const banner = page.getByText("The API does not answer.");
  await row.waitFor();

  await server.stop();
  await banner.waitFor();
  await row.waitFor();

  server = await api(inject("ready"), port);
  await page.waitForResponse((answer) => answer.url().endsWith("/queues") && answer.ok());
  await banner.waitFor({ state: "hidden" });
  await row.waitFor();
});

test("a page that was never loaded says that it could not be, and comes by itself", async () => {
  const page = await open("/queues", { url: server.url, expected });
  await page.getByRole("row", { name: /^io/ }).waitFor();

  await server.stop();
  // By its key: a mouse on the way to a link would load the page ahead.
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await page.getByText("This page could not be loaded yet").waitFor();
  await page.getByText("The API does not answer.").waitFor();
  expect(new URL(page.url()).pathname).toBe("/workers");

  server = await api(inject("ready"), port);
  await page.getByRole("heading", { level: 1, name: "Workers" }).waitFor();
});

test("a part that is missing though the API answers is asked for twice, then said to be missing", async () => {
  const page = await open("/queues", { expected });
  await page.getByRole("row", { name: /^io/ }).waitFor();
  await page.route(/assets\/workers/, (route) => route.fulfill({ status: 404 }));
  await page.getByRole("link", { name: "Workers", exact: true }).click();
  const again = page.getByRole("button", { name: "Try again" });
  await page.getByText("This page could not be loaded", { exact: true }).waitFor();
  await page.unroute(/assets\/workers/);
  await again.click();
  await page.getByRole("heading", { level: 1, name: "Workers" }).waitFor();
});
