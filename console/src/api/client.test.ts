// @vitest-environment happy-dom
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { client, data } from "./client";
import { isAway, sawApi } from "./presence";
import { ProblemError } from "./problem";
import { currentSession, signIn, signOut } from "./session";

const server = setupServer();
beforeAll(() => server.listen());
beforeEach(() => signOut());
afterEach(() => {
  server.resetHandlers();
  sawApi(true);
});
afterAll(() => server.close());

const me = () => data(client.GET("/api/v1/me"));
const refused = (status: number, document: object) =>
  http.get("*/api/v1/me", () => HttpResponse.json(document, { status }));

test("a request carries the credential, in its header alone", async () => {
  let asked: Request | undefined;
  server.use(
    http.get("*/api/v1/me", ({ request }) => {
      asked = request;
      return HttpResponse.json({});
    }),
  );
  signIn(" hlg_a ");
  await me();
  expect(asked?.headers.get("Authorization")).toBe("Bearer hlg_a");
  expect(asked?.url).not.toContain("hlg_a");
});

test("a credential that counts no more is forgotten, with the API's word why", async () => {
  server.use(refused(401, { code: "not_authenticated", detail: "This key was revoked." }));
  signIn("hlg_a");
  await expect(me()).rejects.toThrow("This key was revoked.");
  expect(currentSession()).toEqual({ credential: null, why: "This key was revoked." });
});

test("the word why outlives the next refusal", async () => {
  server.use(refused(401, { detail: "Send an API key." }));
  signOut("This key was revoked.");
  await expect(me()).rejects.toBeInstanceOf(ProblemError);
  expect(currentSession().why).toBe("This key was revoked.");
});

test("no answer is said to be away, and any answer to be back", async () => {
  server.use(http.get("*/api/v1/me", () => HttpResponse.error()));
  await expect(me()).rejects.toMatchObject({ code: "away" });
  expect(isAway()).toBe(true);
  server.use(refused(403, { code: "not_allowed" }));
  await expect(me()).rejects.toMatchObject({ code: "not_allowed", status: 403 });
  expect(isAway()).toBe(false);
});
