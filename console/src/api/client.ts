/** The API, typed by its OpenAPI document. Answers or throws a `ProblemError`, nothing else. */

import createClient from "openapi-fetch";
import { basePath } from "./base";
import { sawApi } from "./presence";
import { problemOf, silence } from "./problem";
import type { components, paths } from "./schema";
import { currentSession, signOut } from "./session";

export type Schema = components["schemas"];

/** As `fetch`, with the caller's credential; throws `ProblemError` for every refusal. */
export async function ask(input: string | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const { credential } = currentSession();
  if (credential) request.headers.set("Authorization", `Bearer ${credential}`);
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    sawApi(false);
    throw silence();
  }
  // A proxy that answers for a process that is gone.
  sawApi(response.status !== 502 && response.status !== 504);
  if (response.ok || response.status === 304) return response;
  const problem = await problemOf(response);
  if (response.status === 401 && credential === currentSession().credential) {
    if (credential) signOut(problem.message);
  }
  throw problem;
}

export const client = createClient<paths>({
  baseUrl: basePath,
  fetch: (request) => ask(request),
  // `?state=a&state=b`: the API's way to say 'any of'.
  querySerializer: { array: { style: "form", explode: true } },
});

/** The document of an answer: `await data(client.GET("/api/v1/jobs"))`. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}
