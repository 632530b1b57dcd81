// @vitest-environment happy-dom
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { follow, type JobEvent, type StreamMode } from "./stream";

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const URL = "*/api/v1/jobs/j1/events";

const line = (seq: number, kind: string, data: object) =>
  `id: ${seq}\nevent: ${kind}\ndata: ${JSON.stringify({ at: "2026-01-01T00:00:00Z", ...data })}\n\n`;

const END = line(3, "state", { state: "succeeded" });

const stream = (...parts: string[]) =>
  new HttpResponse(parts.join(""), { headers: { "Content-Type": "text/event-stream" } });

async function read(after = 0) {
  const events: JobEvent[] = [];
  const modes: StreamMode[] = [];
  await follow("j1", {
    after,
    retryMs: 1,
    silentMs: 200,
    signal: AbortSignal.timeout(5000),
    onEvents: (some) => events.push(...some),
    onMode: (mode) => mode !== modes.at(-1) && modes.push(mode),
  });
  return { seqs: events.map((one) => one.seq), modes };
}

test("a stream that breaks goes on after the last event seen", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get(URL, ({ request }) => {
      asked.push(request.headers.get("Last-Event-ID"));
      return asked.length === 1
        ? stream(line(1, "state", { state: "running" }), line(2, "log", {}))
        : stream(END);
    }),
  );
  expect((await read()).seqs).toEqual([1, 2, 3]);
  expect(asked).toEqual(["0", "2"]);
});

test("an event that comes twice is told once", async () => {
  server.use(http.get(URL, () => stream(line(1, "log", {}), line(2, "log", {}), END)));
  expect((await read(2)).seqs).toEqual([3]);
});

test("reading ends with the job's last state", async () => {
  server.use(http.get(URL, () => stream(END)));
  expect((await read()).modes).toEqual(["live", "ended"]);
});

test("where no stream gets through, its reader is told to poll until one does", async () => {
  let tries = 0;
  server.use(
    http.get(URL, () => {
      tries += 1;
      return tries < 4 ? new HttpResponse(null, { status: 502 }) : stream(END);
    }),
  );
  expect((await read()).modes).toEqual(["polling", "live", "ended"]);
});

test("an end that a redrive left behind ends nothing", async () => {
  server.use(
    http.get(URL, () =>
      stream(line(1, "state", { state: "failed" }), line(2, "state", { state: "queued" }), END),
    ),
  );
  expect((await read()).seqs).toEqual([1, 2, 3]);
});

test("a job that is not there is not asked for again", async () => {
  let tries = 0;
  server.use(
    http.get(URL, () => {
      tries += 1;
      return HttpResponse.json({ code: "not_found" }, { status: 404 });
    }),
  );
  await read();
  expect(tries).toBe(1);
});
