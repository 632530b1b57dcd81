// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { draw } from "@/tests/render";
import { DEFAULTS } from "./options";
import { Submission } from "./submission";

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => {
  cleanup();
  server.resetHandlers();
});
afterAll(() => server.close());
beforeEach(() =>
  server.use(
    http.get("*/api/v1/me", () => HttpResponse.json({ auth: false, scopes: ["admin"] })),
    http.post("*/api/v1/credits/quote", () =>
      HttpResponse.json({ credits: 3, charged: true, available: 10, suffices: true, lacking: 0 }),
    ),
  ),
);

const SLEEP = {
  name: "sleep",
  description: "Wait.",
  pool: "io" as const,
  queue: "io",
  example: { seconds: 2 },
  policy: { max_attempts: 3, timeout_s: 60 } as never,
  result_schema: {},
  input_schema: {
    type: "object",
    properties: { seconds: { type: "number", minimum: 0, maximum: 3600 } },
    required: ["seconds"],
  },
};

const open = () =>
  draw(
    <Submission
      declared={SLEEP}
      clonedFrom={null}
      initial={{ seconds: 2 }}
      initialOptions={DEFAULTS}
    />,
  );

const field = () => screen.getByLabelText("seconds") as HTMLInputElement;
const json = () => screen.getByLabelText("Input as JSON") as HTMLTextAreaElement;
const show = (name: string) => fireEvent.click(screen.getByLabelText(name));
const send = () => fireEvent.click(screen.getByRole("button", { name: "Submit job" }));

const refusal = (pointer: string, message: string) =>
  HttpResponse.json(
    { title: "Invalid input", code: "invalid_input", errors: [{ pointer, message }] },
    { status: 422 },
  );

test("what is typed stands in the JSON, what is written there in the form", async () => {
  await open();
  fireEvent.change(field(), { target: { value: "7" } });
  show("JSON");
  expect(JSON.parse(json().value)).toEqual({ seconds: 7 });
  fireEvent.change(json(), { target: { value: '{"seconds": 9}' } });
  show("Form");
  expect(field().value).toBe("9");
});

test("half-written JSON can't be sent", async () => {
  await open();
  show("JSON");
  fireEvent.change(json(), { target: { value: '{"seconds": ' } });
  expect(screen.getByRole("alert").textContent).toMatch(/^No JSON yet/);
  expect(screen.getByRole("button", { name: "Submit job" })).toHaveProperty("disabled", true);
});

test("an answer that was lost is asked for under the same key, another body under another", async () => {
  const keys: (string | null)[] = [];
  server.use(
    http.post("*/api/v1/jobs", ({ request }) => {
      keys.push(request.headers.get("Idempotency-Key"));
      return keys.length < 3
        ? HttpResponse.json({ title: "Away", detail: "Nobody answered." }, { status: 503 })
        : HttpResponse.json({ id: "j1" }, { status: 202 });
    }),
  );
  const { path } = await open();
  send();
  await screen.findByText("Nobody answered.");
  send();
  await waitFor(() => expect(keys.length).toBe(2));
  fireEvent.change(field(), { target: { value: "3" } });
  send();
  await waitFor(() => expect(path()).toBe("/jobs/j1"));
  expect(keys[0]).toBe(keys[1]);
  expect(keys[2]).not.toBe(keys[1]);
});

test("what the API refuses is told at its field", async () => {
  server.use(http.post("*/api/v1/jobs", () => refusal("/input/seconds", "is too many")));
  await open();
  send();
  await waitFor(() => expect(field().getAttribute("aria-invalid")).toBe("true"));
  const told = field().getAttribute("aria-describedby")?.split(" ") ?? [];
  const words = told.map((id) => document.getElementById(id)?.textContent).join(" ");
  expect(words).toContain("is too many");
});

test("the price is told before it is paid", async () => {
  await open();
  expect((await screen.findByText("At most 3 credits")).parentElement?.textContent).toContain(
    "10 available",
  );
});
