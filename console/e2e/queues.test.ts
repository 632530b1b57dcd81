import { expect, inject, test } from "vitest";
import { call, submit } from "./api";
import { inBrowser } from "./browser";
import { worker } from "./system";

const open = inBrowser();

test("who waits in a paused queue reads by which reason, until it is resumed", async () => {
  const queues = await open("/queues");
  await queues.getByRole("button", { name: "Pause io" }).click();
  await queues.getByLabel("Why").fill("The harbour is frozen.");
  await queues.getByRole("button", { name: "Pause the queue" }).click();
  await queues.getByRole("button", { name: "Resume io" }).waitFor();

  const { id } = await submit("echo", { value: 2 });
  const job = await open(`/jobs/${id}`);
  await job.getByText(/The harbour is frozen\./).waitFor();

  await queues.getByRole("button", { name: "Resume io" }).click();
  await job.getByRole("heading", { level: 1 }).getByText("succeeded").waitFor();
  expect((await call<{ state: string }>("GET", `/jobs/${id}`)).state).toBe("succeeded");
});

test("a worker that is drained leaves, and the others stay", async () => {
  type Workers = { data: { id: string; name: string; pid: number }[] };
  const one = worker(inject("ready"));
  try {
    const page = await open("/workers");
    const mine = async () =>
      (await call<Workers>("GET", "/workers")).data.find(({ pid }) => pid === one.pid);
    await expect.poll(mine, { timeout: 20_000 }).toBeDefined();
    const name = (await mine())?.name ?? "";
    const rows = page.getByRole("table", { name: "Workers" }).locator("tbody tr");
    const others = (await call<Workers>("GET", "/workers")).data.length - 1;
    await page.getByRole("button", { name: `Drain ${name}`, exact: true }).click();
    await page.getByRole("button", { name: "Drain the worker" }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect(await one.ended).toBe(0);
    await page.getByRole("button", { name, exact: true }).waitFor({ state: "hidden" });
    expect(await rows.count()).toBe(others);
  } finally {
    await one.stop();
  }
});

test("what is shown is held by a key and goes on by it", async () => {
  const page = await open("/queues");
  await page.clock.install();
  await page.reload();
  await page.getByRole("button", { name: "Pause io" }).waitFor();
  await page.keyboard.press("p");
  await page.getByText("Lists and numbers stay as they are.").waitFor();
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/queues")) asked += 1;
  });
  await page.clock.runFor(60_000);
  expect(asked).toBe(0);
  await page.keyboard.press("p");
  await page.waitForResponse((answer) => answer.url().endsWith("/queues"));
  await page.getByText("Lists and numbers stay as they are.").waitFor({ state: "hidden" });
});
