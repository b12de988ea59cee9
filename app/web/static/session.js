/**
 * The login of this browser, which all its tabs share. The refresh token is in a cookie that no script can read, the
 * access token is in memory. Storage only has what the next tab shows at once: who is logged in.
 */

import { takeToken } from "./early.js";
import { send } from "./http.js";
import { retry } from "./push/live/retry.js";
import { forgivingStorage } from "./push/live/storage.js";

const PATH = "/authorizations";
const USER = "user";
const LOGGING_OUT = "logging-out";
const sharedStorage = forgivingStorage(() => localStorage);

/** Dispatches `changed` when another tab has logged in or out. */
export class Session extends EventTarget {
  /** The access token, null until the first `refresh`. */
  token = null;
  user = JSON.parse(sharedStorage.getItem(USER) ?? "null");
  /** Changes with each login and logout. */
  number = 0;
  #refreshing = null;
  #early = this.user && takeToken(); // only for the first refresh of this log-in: later it is old
  #loggingOut = new AbortController();
  #tabs = new BroadcastChannel("session");

  constructor() {
    super();
    this.#tabs.onmessage = ({ data }) => this.#follow(data);
    if (sharedStorage.getItem(LOGGING_OUT)) this.#revoke();
  }

  async logIn(name, password) {
    this.#loggingOut.abort();
    const { token } = await send("POST", PATH, { user_name: name, password, cookie: true });
    sharedStorage.removeItem(LOGGING_OUT);
    this.#begin(token, await send("GET", "/user", undefined, token));
    this.#tell();
  }

  /** Log out in all tabs at once. The server is told as soon as it can be reached, also after a reload. */
  logOut() {
    const { token } = this;
    this.end();
    sharedStorage.setItem(LOGGING_OUT, "true");
    this.#revoke(token);
  }

  /** Forget a login that the server does not accept any more. */
  end() {
    this.#begin(null, null);
    this.#tell();
  }

  keepUser(user) {
    this.user = user;
    sharedStorage.setItem(USER, JSON.stringify(user));
    this.#tell();
  }

  /** Resolve to a new access token, or to null if the login is over. Simultaneous callers share one request. */
  refresh() {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #refresh() {
    const { number, token: old } = this;
    if (this.user === null) return null;
    return exclusively("refresh", async () => {
      if (number === this.number && old === this.token) await this.#renew(number);
      // In the meantime the user may have logged out, or another tab may have got a new token for all.
      return number === this.number ? this.token : null;
    });
  }

  async #renew(number) {
    let token = await this.#takeEarly();
    try {
      if (token === null) ({ token } = await send("PUT", PATH));
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    if (number !== this.number) return;
    // The cookie may have another user already, who has logged in on another tab, which tells so in a moment.
    if (token !== null && userIdOf(token) !== this.user.id) return;
    this.token = token;
    if (token !== null) this.#tell();
  }

  /** Resolve to the token that the page has asked for before its scripts came, if it is one of this user; else to null. */
  async #takeEarly() {
    const token = (await this.#early) ?? null;
    this.#early = null;
    return token !== null && userIdOf(token) === this.user?.id ? token : null;
  }

  async #revoke(token) {
    const { signal } = (this.#loggingOut = new AbortController());
    await retry(async () => {
      await send("DELETE", `${PATH}?token=this`, undefined, token).catch((error) => {
        if (error.status !== 401) throw error; // 401: the login has ended by itself
      });
      if (!signal.aborted) sharedStorage.removeItem(LOGGING_OUT);
    }, signal);
  }

  #begin(token, user) {
    this.token = token;
    this.user = user;
    this.#early = null;
    this.number += 1;
    if (user) sharedStorage.setItem(USER, JSON.stringify(user));
    else sharedStorage.removeItem(USER);
  }

  #tell() {
    this.#tabs.postMessage({ token: this.token, user: this.user });
  }

  #follow({ token, user }) {
    if (this.user?.id !== user?.id) {
      this.#loggingOut.abort();
      this.#begin(token, user);
      this.dispatchEvent(new CustomEvent("changed"));
    } else if (user) {
      this.token = token ?? this.token;
      this.user = user;
    }
  }
}

function userIdOf(token) {
  const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(claims)).user_id;
}

/** Only one tab at a time calls the action. Without a secure context, browsers have no locks, and all call it. */
function exclusively(name, action) {
  return navigator.locks ? navigator.locks.request(name, action) : action();
}
