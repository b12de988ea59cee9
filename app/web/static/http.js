/** Sends one request to the HTTP API of the news app. */

import { request } from "./push/live/http.js";
import { LANGUAGE } from "./words.js";

const PREFIX = "/v1_0";
const TIMEOUT_MS = 10_000;

/** Resolve to the content of the answer; reject with an error whose message is for the user. */
export function send(method, path, body, token) {
  return request(method, PREFIX + path, { body, token, language: LANGUAGE });
}

/** Resolve when the server answers, whatever it says. */
export async function ping() {
  await fetch("/livez", { signal: AbortSignal.timeout(TIMEOUT_MS) });
}
