// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { type Delivery, standingOf } from "@/hooks/use-webhooks";
import { answerOf } from "./delivery-columns";

const told = (some: Partial<Delivery>) =>
  answerOf({ status: null, fault: null, excerpt: null, tried: 1, ...some } as Delivery);

test("a delivery tells the answer, else the fault, else that there was none", () => {
  expect(told({ status: 500, excerpt: "boom" })).toBe("500 boom");
  expect(told({ status: 204 })).toBe("204");
  expect(told({ fault: "not_public", excerpt: "10.0.0.1" })).toBe("not public: 10.0.0.1");
  expect(told({ tried: 0 })).toBe("Not tried yet");
});

test("an endpoint that somebody paused is told from one that kept failing", () => {
  const off = { enabled: false, failures: 3 };
  expect(standingOf({ ...off, disabled_by: "ada" }).word).toBe("paused");
  expect(standingOf({ ...off, disabled_by: "failing" }).word).toBe("off, it kept failing");
  expect(standingOf({ ...off, disabled_by: "gone" }).like).toBe("failed");
  expect(standingOf({ enabled: true, disabled_by: null, failures: 3 }).like).toBe("waiting");
});
