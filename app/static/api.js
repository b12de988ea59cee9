/** The HTTP API, with the tokens of whoever is logged in on this tab: two tabs may be two users. */

import { tabStorage } from "./tab-storage.js";

const PREFIX = "/v1_0";
const KEY = "session";
const TIMEOUT_MS = 10_000;

/** The API said no. `errors` holds messages by field, where a field is wrong. */
export class ApiError extends Error {
  constructor(status, body, retryAfter) {
    const wait = status === 429 && retryAfter ? ` Try again in ${retryAfter} s.` : "";
    super((body?.message ?? `The server answered ${status}.`) + wait);
    this.status = status;
    this.errors = body?.errors ?? {};
    this.isTransient = status === 503;
  }
}

/** No answer came, or a proxy's that has none. */
class Unreachable extends Error {
  isTransient = true;

  constructor() {
    super("The server can't be reached. Try again in a moment.");
  }
}

/** Whoever asked is no longer logged in here, so the answer is for nobody. */
export class Superseded extends Error {
  constructor() {
    super("You have been logged out.");
  }
}

/** The tokens are no longer good for anything. */
export class SessionOver extends Error {
  constructor() {
    super("You have been logged out. Please log in again.");
  }
}

/**
 * Dispatches `logged-out` when the session ends without having been asked to, and `answered` for each call that went
 * well, with the time of asking.
 */
export class Api extends EventTarget {
  session = JSON.parse(tabStorage.getItem(KEY) ?? "null");
  #refreshing = null;

  async logIn(name, password) {
    const tokens = await send("POST", "/authorizations", { user_name: name, password });
    const user = await send("GET", "/user", undefined, tokens.token);
    this.#keep({ token: tokens.token, refreshToken: tokens.refresh_token, user });
  }

  /** Log out on this tab: it forgets its tokens. */
  logOut() {
    this.#keep(null);
  }

  keepUser(user) {
    this.#keep({ ...this.session, user });
  }

  /** Resolve to a new access token, or to null where the session is over. Callers at the same time share one request. */
  refresh() {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  /** Forget the tokens. */
  end() {
    if (this.session === null) return;
    this.#keep(null);
    this.dispatchEvent(new CustomEvent("logged-out"));
  }

  /** Call the API with the access token, refreshed once where it is not taken. Reject with an Error to be shown. */
  async call(method, path, body) {
    const askedAt = performance.now();
    const asker = this.session?.refreshToken;
    const check = () => {
      if (asker !== this.session?.refreshToken) throw new Superseded();
    };
    const answer = await this.#send(method, path, body, check).finally(check);
    this.dispatchEvent(new CustomEvent("answered", { detail: askedAt }));
    return answer;
  }

  /** Resolve when the server answers; reject while it does not. */
  async probe() {
    if (this.session) await this.call("GET", "/user/notifications?limit=1");
    else await fetch("/livez", { signal: AbortSignal.timeout(TIMEOUT_MS) });
  }

  /** Call `check`, which throws if another user is logged in by now, before anything is sent once more. */
  async #send(method, path, body, check) {
    try {
      return await send(method, path, body, this.session?.token);
    } catch (error) {
      if (error.status !== 401) throw error;
      check();
      const token = await this.refresh();
      check();
      if (token === null) {
        this.end();
        throw new SessionOver();
      }
      return send(method, path, body, token);
    }
  }

  async #refresh() {
    if (this.session === null) return null;
    const { refreshToken } = this.session;
    try {
      const { token } = await send("PUT", "/authorizations", undefined, refreshToken);
      // Meanwhile the user may have logged out, or somebody else in.
      if (this.session?.refreshToken !== refreshToken) return null;
      this.#keep({ ...this.session, token });
      return token;
    } catch (error) {
      if (error.status === 401) return null;
      throw error;
    }
  }

  #keep(session) {
    this.session = session;
    if (session) tabStorage.setItem(KEY, JSON.stringify(session));
    else tabStorage.removeItem(KEY);
  }
}

async function send(method, path, body, token) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(TIMEOUT_MS) };
  let answer, text;
  try {
    answer = await fetch(PREFIX + path, options);
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
