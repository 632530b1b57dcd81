import { expect, inject, test } from "vitest";
import { call, pdf, submit } from "./api";
import { inBrowser } from "./browser";
import { holding } from "./system";

const open = inBrowser();
const LONG = { pages: 600, seconds_each: 1 };

test("a PDF is uploaded, submitted, and seen to its end without a reload", async () => {
  const page = await open("/submit");
  await page.getByRole("link", { name: /^extract_text/ }).click();
  await page.locator("input[type=file]").setInputFiles({
    name: "harbour.pdf",
    mimeType: "application/pdf",
    buffer: pdf("The harbour master keeps the tide tables."),
  });
  await page.getByText("1 page").waitFor();
  await page.getByRole("button", { name: "Submit job" }).click();
  await page.waitForURL(/\/jobs\/[0-9a-f-]{36}$/);
  await page.getByRole("heading", { level: 1 }).getByText("succeeded").waitFor();
  await page.getByText("The harbour master keeps the tide tables.").first().waitFor();
});

test("a job that runs is cancelled after a question", async () => {
  const { id } = await submit("demo.pages", LONG);
  const page = await open(`/jobs/${id}`);
  const heading = page.getByRole("heading", { level: 1 });
  await heading.getByText("running").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Cancel the job" }).click();
  await heading.getByText("cancelled").waitFor();
  expect((await call<{ state: string }>("GET", `/jobs/${id}`)).state).toBe("cancelled");
});

test("a dead letter that is redriven leaves its cause and runs again", async () => {
  const { id } = await submit("demo.fails", { why: "The tide was out.", retryable: false });
  const job = await open(`/jobs/${id}`);
  await job.getByRole("heading", { level: 1 }).getByText("failed").waitFor();
  const page = await open("/dead-letters");
  await page
    .getByRole("row", { name: /The tide was out\./ })
    .getByRole("link")
    .first()
    .click();
  await page.getByRole("button", { name: "Redrive", exact: true }).click();
  await page.getByRole("button", { name: "Redrive this job" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  expect((await call<{ run: number }>("GET", `/jobs/${id}`)).run).toBe(2);
});

test("all that fit a filter are cancelled after their number was shown, and no others", async () => {
  const mine = await Promise.all(
    [1, 2, 3].map(() => submit("demo.pages", LONG, { tags: ["tide"] })),
  );
  const other = await submit("demo.pages", LONG, { tags: ["ebb"] });
  const page = await open("/jobs?q=tag:tide");
  await page.getByRole("button", { name: "Change all that fit" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("3 jobs would be changed.").waitFor();
  await dialog.getByRole("button", { name: /^Cancel 3 jobs/ }).click();
  await dialog.getByText("3 changed").waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  const state = async ({ id }: { id: string }) =>
    (await call<{ state: string }>("GET", `/jobs/${id}`)).state;
  expect(await Promise.all(mine.map(state))).toEqual(["cancelled", "cancelled", "cancelled"]);
  expect(await state(other)).not.toBe("cancelled");
  await call("POST", `/jobs/${other.id}/cancel`);
});

test("a change of many that is stopped on its way leaves what it has not come to", async () => {
  const later = { tags: ["slack"], run_at: new Date(Date.now() + 3_600_000).toISOString() };
  const mine = await Promise.all([1, 2, 3].map((value) => submit("echo", { value }, later)));
  const page = await open("/jobs?q=tag:slack");
  await page.getByRole("button", { name: "Change all that fit" }).click();
  const dialog = page.getByRole("dialog");
  const start = dialog.getByRole("button", { name: "Cancel 3 jobs" });
  await start.waitFor();
  const lock = await holding(inject("ready"), "slack");
  try {
    await start.click();
    const stop = dialog.getByRole("button", { name: /^Stop/ });
    await dialog.getByText("running", { exact: true }).waitFor();
    await stop.click();
    await page
      .getByRole("button", { name: "Stop; what is changed stays so", disabled: true })
      .waitFor();
  } finally {
    await lock.release();
  }
  await dialog.getByText("cancelled", { exact: true }).waitFor();
  await dialog.getByText(/^0 changed/).waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  for (const { id } of mine) {
    expect((await call<{ state: string }>("GET", `/jobs/${id}`)).state).toBe("scheduled");
    await call("POST", `/jobs/${id}/cancel`);
  }
});
