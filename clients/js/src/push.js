/** Live notifications and the inbox of one user, for any page: what createPush returns. */

import { httpInbox } from "./inbox-api.js";
import { pause, retry } from "./live/retry.js";
import { SharedPush } from "./live/shared-push.js";
import { InboxStore } from "./store/inbox-store.js";
import { keepToken, userIdOf } from "./tokens.js";

const EVENTS = ["notification", "unread", "unseen", "inbox", "withdrawn", "event", "state"];

/** Dispatches the events of SharedPush, and keeps `inbox`, an InboxStore, up to date. */
export class Push extends EventTarget {
  #options;
  #getToken;
  #live = null;
  #running = null; // an AbortController between start and stop
  #hasBeenLive = false;
  #polling = null; // another while there is no live connection

  constructor({ io, loadIo = async () => io, url, getToken, userId, baseUrl, inbox, language, storage, tabs, groups = false }) {
    super();
    if (typeof getToken !== "function") throw new TypeError("getToken should be a function that returns a token");
    if (!inbox && typeof baseUrl !== "string") throw new TypeError("give baseUrl, the address of the API, or inbox");
    this.#options = { loadIo, url, userId, storage, tabs, groups };
    this.#getToken = keepToken(getToken);
    /** The InboxStore of this user. */
    this.inbox = new InboxStore(inbox ?? httpInbox({ baseUrl, language, getToken: this.#getToken }), { groups });
  }

  /** Connect, and read the inbox. Starting again does nothing. */
  start() {
    if (this.#running) return;
    this.#running = new AbortController();
    this.inbox.setConnection("connecting");
    this.#connect(this.#running.signal);
  }

  /** Close. It can be started again. */
  stop() {
    this.#running?.abort();
    this.#running = null;
    this.#stopPolling();
    this.#live?.stop();
    this.#live = null;
    this.inbox.setConnection("closed");
  }

  /** Call `listener(detail)` for each event of this type. Return a function that ends it. */
  on(type, listener) {
    const call = ({ detail }) => listener(detail);
    this.addEventListener(type, call);
    return () => this.removeEventListener(type, call);
  }

  async #connect(signal) {
    const userId = await this.#findUserId(signal);
    if (signal.aborted) return;
    if (userId === undefined) return this.#take("state", "logged-out");
    this.inbox.load();
    const { loadIo, ...options } = this.#options;
    const io = await retry(loadIo, signal);
    if (signal.aborted) return;
    const loadInbox = () => this.inbox.readNewest();
    const live = new SharedPush({ ...options, io, userId, getToken: this.#getToken, loadInbox });
    this.#live = live;
    for (const type of EVENTS) live.addEventListener(type, ({ detail }) => live === this.#live && this.#take(type, detail));
    live.start();
  }

  /** Resolve to whose token it is; to null if it can't be read, and to undefined if there is none. */
  async #findUserId(signal) {
    if (this.#options.userId !== undefined) return String(this.#options.userId);
    const token = await retry(() => this.#getToken(), signal);
    return token === null ? undefined : token && userIdOf(token);
  }

  #take(type, detail) {
    if (type === "notification") this.inbox.add(detail);
    else if (type === "unread") this.inbox.setUnread(detail);
    else if (type === "unseen") this.inbox.setUnseen(detail);
    else if (type === "event" && detail.event === "state") this.inbox.takeStates(detail.data);
    else if (type === "inbox") this.inbox.take(detail);
    else if (type === "withdrawn") this.inbox.withdraw(detail);
    else if (type === "state") this.#takeState(detail);
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #takeState(state) {
    if (state === "logged-out") {
      this.stop();
      this.inbox.reset();
    }
    this.inbox.setConnection(state);
    if (state === "offline") this.#poll();
    else if (state === "live") this.#goLive();
  }

  /** States are not in the history that is replayed. */
  #goLive() {
    this.#stopPolling();
    if (this.#hasBeenLive) this.inbox.becomeStale();
    this.#hasBeenLive = true;
  }

  /** Read the inbox now and then, as long as no live connection can be had. */
  async #poll() {
    if (this.#polling) return;
    const { signal } = (this.#polling = new AbortController());
    for (let polls = 0; ; polls++) {
      await pause(polls, signal);
      if (signal.aborted) return;
      await this.inbox.load();
    }
  }

  #stopPolling() {
    this.#polling?.abort();
    this.#polling = null;
  }
}
