// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { draw } from "@/tests/render";
import NovelView from "./novel";
import PeopleView from "./people";

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => {
  cleanup();
  server.resetHandlers();
});
afterAll(() => server.close());

const job = (type: string, input: object) => ({ id: "j1", type, input, tags: ["books"] }) as never;

const NOVEL = {
  method: "rewritten",
  sentences: [{ page: 1, text: "We were at work." }],
  chunks: {
    total: 2,
    processed: 1,
    failed: [{ first_page: 2, last_page: 3, reason: "No answer." }],
  },
};

test("what failed of a novel is done again by the same submit", async () => {
  const bodies: unknown[] = [];
  server.use(
    http.get("*/api/v1/me", () => HttpResponse.json({ scopes: ["submit"] })),
    http.get("*/api/v1/jobs/j1/children", () => HttpResponse.json({ data: [] })),
    http.post("*/api/v1/jobs", async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json({ id: "0197aaaa-j2" }, { status: 202 });
    }),
  );
  await draw(<NovelView job={job("rewrite_novel", { file: "f1" })} result={NOVEL} />);
  expect(screen.getByText("1 part failed")).toBeTruthy();
  fireEvent.click(await screen.findByRole("button", { name: "Do what failed again" }));
  const link = await screen.findByRole("link", { name: /Done again by/ });
  expect(link.getAttribute("href")).toBe("/jobs/0197aaaa-j2");
  expect(bodies).toEqual([{ type: "rewrite_novel", input: { file: "f1" }, tags: ["books"] }]);
});

test("who may not submit sees what failed and no button for it", async () => {
  const answered: string[] = [];
  server.events.on("response:mocked", ({ request }) => {
    answered.push(new URL(request.url).pathname);
  });
  server.use(
    http.get("*/api/v1/me", () => HttpResponse.json({ scopes: ["read"] })),
    http.get("*/api/v1/jobs/j1/children", () => HttpResponse.json({ data: [] })),
  );
  await draw(<NovelView job={job("rewrite_novel", { file: "f1" })} result={NOVEL} />);
  await waitFor(() => expect(answered).toHaveLength(2));
  expect(screen.getByText("1 part failed")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Do what failed again" })).toBeNull();
});

test("people are listed with how often the text names them", async () => {
  const people = [
    { name: "Emma", aliases: ["Mme Bovary"], mentions: [{ start: 2, end: 6, text: "Emma" }] },
    { name: "Léon", role: "clerk", wikidata_id: "javascript:1", mentions: [] },
  ];
  await draw(
    <PeopleView job={job("identifying_data", { text: "😀 Emma." })} result={{ people }} />,
  );
  expect(screen.getByText("2 people")).toBeTruthy();
  expect(screen.getByRole("button", { name: /^Emma/ }).textContent).toContain("Mme Bovary");
  expect(screen.queryByRole("link")).toBeNull();
});
