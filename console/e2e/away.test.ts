import { afterAll, beforeAll, test } from "vitest";
import { inBrowser } from "./browser";
import { type System, up } from "./system";

let system: System;
beforeAll(async () => {
  system = await up();
});
afterAll(() => system?.stop());
const open = inBrowser();

test("while nothing answers the page keeps what it showed and says so; then it goes on by itself", async () => {
  const { url } = system.ready;
  const page = await open("/queues", { url, expected: /net::ERR_|Failed to load resource/ });
  const row = page.getByRole("row", { name: /^io/ });
  const banner = page.getByText("The API does not answer.");
  await row.waitFor();

  await system.stop({ keep: true });
  await banner.waitFor();
  await row.waitFor();

  system = await up(["--port", new URL(url).port], system.folder);
  await page.waitForResponse((answer) => answer.url().endsWith("/queues") && answer.ok());
  await banner.waitFor({ state: "hidden" });
  await row.waitFor();
});
