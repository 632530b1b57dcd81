// @vitest-environment happy-dom
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { read } from "./job-query";
import { asJobQuery, decide } from "./use-dead-letters";

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

test("the query of a cause means its failed jobs", () => {
  const query = asJobQuery({ fingerprint: "echo:12ab", type: ["a b"], text: 'said "no"' });
  expect(read(query, 0)).toEqual({
    faults: [],
    filters: { state: ["failed"], fingerprint: "echo:12ab", type: ["a b"], text: 'said "no"' },
  });
});

test("one that is refused keeps none of the others waiting, and is told of", async () => {
  const redriven: string[] = [];
  server.use(
    http.post("*/api/v1/dead-letters/:id/redrive", ({ params }) => {
      if (params.id === "2") return HttpResponse.json({ detail: "It runs." }, { status: 409 });
      redriven.push(String(params.id));
      return HttpResponse.json({}, { status: 202 });
    }),
  );
  await expect(decide("redrive", ["1", "2", "3"])).rejects.toThrow(
    "1 of 3 stay as they were: It runs.",
  );
  expect(redriven).toEqual(["1", "3"]);
});
