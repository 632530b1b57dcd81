// @vitest-environment happy-dom
import { expect, test } from "vitest";
import type { Queue } from "@/hooks/use-queues";
import { consequence } from "./pause-dialog";

test.each([
  [0, 0, "Nothing runs there now. New jobs are accepted and wait."],
  [1, 1, "The job that runs goes on to its end. The job that waits stays where it is"],
  [2000, 30, "The 30 jobs that run go on to their end. The 2,000 jobs that wait stay"],
])("with %d waiting and %d running a pause says what it does", (waiting, running, words) =>
  expect(consequence({ waiting, running } as Queue)).toContain(words),
);
