import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { call, submit } from "./api";
import { inBrowser } from "./browser";

const open = inBrowser();

test("a log follows its end until the reader scrolls up, is searched, and saved as it is shown", async () => {
  const { id } = await submit("demo.pages", { pages: 2000, seconds_each: 0.05, lines: 200 });
  const page = await open(`/jobs/${id}`);
  const box = page.getByRole("region", { name: "Log lines" });
  const count = page.getByRole("status").filter({ hasText: /lines · live/ });
  const read = async () => Number.parseInt((await count.textContent()) ?? "", 10);
  const place = () =>
    box.evaluate(({ scrollTop, scrollHeight, clientHeight }) => ({
      top: scrollTop,
      below: scrollHeight - scrollTop - clientHeight,
    }));
  const grows = async () => {
    const before = await read();
    await expect.poll(read, { timeout: 15_000 }).toBeGreaterThan(before + 3);
  };

  await expect.poll(read, { timeout: 15_000 }).toBeGreaterThan(200);
  await grows();
  expect((await place()).below).toBeLessThan(24);

  await box.hover();
  await page.mouse.wheel(0, -600);
  const follow = page.getByRole("button", { name: "Follow" });
  await follow.waitFor();
  const { top } = await place();
  await grows();
  expect((await place()).top).toBe(top);

  await follow.click();
  await follow.waitFor({ state: "hidden" });
  await grows();
  expect((await place()).below).toBeLessThan(24);

  await page.getByRole("textbox", { name: "Search the log" }).fill("line 17 OF");
  await page.getByText(/^1 of \d+ lines/).waitFor();
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save the log" }).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toBe(`${id}.log`);
  const lines = readFileSync(await saved.path(), "utf8")
    .trimEnd()
    .split("\n");
  expect(lines).toEqual([expect.stringMatching(/^\S+ line\.read number=17 text=Line 17 of/)]);
  await call("POST", `/jobs/${id}/cancel`);
});
