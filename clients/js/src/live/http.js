/** Sends one request to an HTTP API that speaks JSON. */

const TIMEOUT_MS = 10_000;

/** The API answered with an error. `errors` has messages by field, if a field is wrong. */
export class ApiError extends Error {
  constructor(status, body, retryAfter) {
    const wait = status === 429 && retryAfter ? ` Try again in ${retryAfter} s.` : "";
    super((body?.message ?? `The server answered ${status}.`) + wait);
    this.status = status;
    this.errors = body?.errors ?? {};
    this.isTransient = status === 503;
    /** Seconds, as the server said it. */
    this.retryAfter = retryAfter;
  }
}

/** There was no answer, or only the error page of a proxy. */
export class Unreachable extends Error {
  isTransient = true;

  constructor() {
    super("The server can't be reached. Try again in a moment.");
  }
}

/** Resolve to the content of the answer; reject with an error whose message is for the user. */
export async function request(method, url, { body, token, language } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (language) headers["Accept-Language"] = language;
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(TIMEOUT_MS) };
  let answer, text;
  try {
    answer = await fetch(url, options);
    text = await answer.text();
  } catch {
    throw new Unreachable();
  }
  const content = parse(text);
  if (answer.status >= 502 && answer.status <= 504 && content === null) throw new Unreachable();
  if (!answer.ok) throw new ApiError(answer.status, content, answer.headers.get("Retry-After"));
  return content;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // 204 has no body, and a proxy's error page is not JSON.
  }
}
