/** The HTTP API, for the user who is logged in. */

import { ping, send } from "./http.js";
import { Session } from "./session.js";
import { word } from "./words.js";

/** The user who sent the request is no longer logged in here, so nobody needs the answer. */
export class Superseded extends Error {
  constructor() {
    super(word("logged_out"));
  }
}

/** The tokens are no longer valid. */
export class SessionOver extends Error {
  constructor() {
    super(word("logged_out_log_in"));
  }
}

/**
 * Dispatches `logged-out` when the session ends and the user did not log out, and `answered` for each successful call,
 * with the time of its request.
 */
export class Api extends EventTarget {
  session = new Session();

  /** End a session that the server does not accept any more. */
  end() {
    if (this.session.user === null) return;
    this.session.end();
    this.dispatchEvent(new CustomEvent("logged-out"));
  }

  /** Call the API with the access token; refresh it once if the API refuses it. Reject with an Error for the user. */
  async call(method, path, body) {
    const requestedAt = performance.now();
    const { number } = this.session;
    const check = () => {
      if (number !== this.session.number) throw new Superseded();
    };
    const answer = await this.#send(method, path, body, check).finally(check);
    this.dispatchEvent(new CustomEvent("answered", { detail: requestedAt }));
    return answer;
  }

  /** Resolve when the server answers; reject while it does not. */
  async probe() {
    if (this.session.user) await this.call("GET", "/user/notifications?limit=1");
    else await ping();
  }

  /** Before a retry, call `check`, which throws if another user has logged in. */
  async #send(method, path, body, check) {
    try {
      // A call without a token is for who is not logged in, such as a sign-up.
      if (this.session.token || this.session.user === null) return await send(method, path, body, this.session.token);
    } catch (error) {
      if (error.status !== 401) throw error;
      check();
    }
    const token = await this.session.refresh();
    check();
    if (token === null) {
      this.end();
      throw new SessionOver();
    }
    return send(method, path, body, token);
  }
}
