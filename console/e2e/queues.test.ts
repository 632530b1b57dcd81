import { expect, test } from "vitest";
import { call, submit } from "./api";
import { inBrowser } from "./browser";

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
