/** Live notifications for browsers: connects, catches up, drops repeats and keeps the token fresh. */

import { NOTIFICATIONS } from "./events.js";
import { PushMemory } from "./push-memory.js";
import { tabStorage } from "./tab-storage.js";

const EMPTY_HISTORY = "0-0";
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
const CONNECT_DEADLINE_MS = 10_000;
const SYNC_DEADLINE_MS = 20_000;
const TOKEN_REFUSALS = new Set(["token_expired", "token_invalid", "token_revoked"]);

/**
 * A connection that heals itself. It dispatches CustomEvents:
 *
 * - `state`: "connecting", "catching-up", "live", "offline" or "logged-out"
 * - `notification`: {event, ...data as sent}, each id once; `timestamp` in Unix seconds
 * - `unread`: the number of unread notifications
 * - `inbox`: what `loadInbox` resolved to, read because the history could not tell all that was missed
 */
export class PushClient extends EventTarget {
  #options;
  #socket;
  #memory;
  #phase = "closed"; // then "replaying", "reading-inbox", "live"
  #offset = null;
  #failures = 0;
  #hasRefreshed = false;
  #retryTimer;
  #syncTimer;
  #unreadCounts = 0;

  /**
   * `io` is the function of socket.io-client. `getToken` returns an access token or null. `refreshToken` resolves to a
   * new one, to null where the session is over, and rejects where that can't be told now. `loadInbox` resolves to the
   * first page of the inbox or rejects; both end in bounded time. `storage` should be the tab's own, which
   * tabStorage is: with one that tabs share, what one tab has shown would be skipped in all others.
   */
  constructor({ io, url, userId, getToken, refreshToken, loadInbox, storage = tabStorage }) {
    super();
    this.#options = { getToken, refreshToken, loadInbox };
    this.#memory = new PushMemory(storage, `push:${userId}`);
    this.#socket = io(url, {
      auth: (answer) => answer(this.#greeting()),
      autoConnect: false,
      forceNew: true,
      // Every reason to reconnect has one pause, with jitter, in #retryLater; the library's own knows only some of them.
      reconnection: false,
      timeout: CONNECT_DEADLINE_MS,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
    });
    this.#listen();
  }

  start() {
    globalThis.addEventListener?.("online", this.#retryNow);
    this.#tell("state", "connecting");
    this.#open();
  }

  /** Close for good. Another client is needed to start anew. */
  stop() {
    globalThis.removeEventListener?.("online", this.#retryNow);
    this.#options = null;
    this.#close();
  }

  get #isStopped() {
    return this.#options === null;
  }

  #listen() {
    this.#socket.on("connect", () => this.#connected());
    this.#socket.on("connect_error", (error) => this.#refused(error));
    this.#socket.on("disconnect", (reason) => reason === "io client disconnect" || this.#lost());
    this.#socket.on("sync", (sync) => this.#sync(sync));
    this.#socket.on("unread", ({ count }) => this.#tellUnread(count));
    this.#socket.on("token_expiring", () => this.#refreshInPlace());
    for (const event of NOTIFICATIONS) this.#socket.on(event, (data) => this.#receive(event, data));
  }

  #greeting() {
    const greeting = { token: this.#options.getToken() };
    return this.#memory.offset === null ? greeting : { ...greeting, last_offset: this.#memory.offset };
  }

  #open() {
    if (this.#options.getToken() === null) return this.#logOut();
    this.#syncTimer = setTimeout(() => this.#lost(), SYNC_DEADLINE_MS);
    this.#socket.connect();
  }

  #close() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    clearTimeout(this.#syncTimer);
    this.#phase = "closed";
    this.#socket.disconnect();
  }

  #connected() {
    this.#phase = "replaying";
    this.#hasRefreshed = false;
    this.#tell("state", "catching-up");
  }

  #receive(event, data) {
    if (data.id !== undefined && !this.#memory.isNew(data.id)) return;
    this.#tell("notification", { ...data, event });
    // A live notification may overtake the replay: its offset would skip what is still to come. `sync` ends that.
    if (data.offset !== undefined && this.#phase !== "replaying") this.#moveTo(data.offset);
  }

  async #sync({ recovered, offset, unread_count: unreadCount }) {
    clearTimeout(this.#syncTimer);
    // Without an offset nothing is replayed, and what came between the page's reading and this connect is in the inbox.
    const isComplete = recovered && this.#memory.offset !== null;
    this.#phase = "reading-inbox";
    // A server whose history is away knows no offset either. The old one asks for too much at worst.
    this.#offset = recovered || offset !== EMPTY_HISTORY ? offset : this.#memory.offset;
    if (unreadCount !== null) this.#tellUnread(unreadCount);
    if ((!isComplete || unreadCount === null) && !(await this.#readInbox())) return;
    this.#phase = "live";
    this.#failures = 0;
    if (this.#offset !== null) this.#moveTo(this.#offset);
    this.#tell("state", "live");
  }

  /** Move the kept offset, but not past what is still to be read from the inbox. */
  #moveTo(offset) {
    this.#offset = offset;
    if (this.#phase === "live") this.#memory.offset = offset;
  }

  /** Read the inbox and say whether this connection still waits for it. A failure starts over with a new connection. */
  async #readInbox() {
    const socketId = this.#socket.id;
    const isCurrent = () => this.#phase === "reading-inbox" && this.#socket.id === socketId;
    const unreadCounts = this.#unreadCounts;
    let inbox;
    try {
      inbox = await this.#options.loadInbox();
    } catch {
      if (isCurrent()) this.#lost();
      return false;
    }
    if (!isCurrent()) return false;
    this.#tell("inbox", inbox);
    // A count that was pushed meanwhile is at least as new as the one that was read.
    if (unreadCounts === this.#unreadCounts) this.#tellUnread(inbox.unread_count);
    return isCurrent();
  }

  #refused(error) {
    clearTimeout(this.#syncTimer);
    // Whether the session is over is for the API to say: the clock of a server that takes sockets may be wrong.
    if (TOKEN_REFUSALS.has(error.message) && !this.#hasRefreshed) return this.#refreshAndOpen();
    this.#retryLater();
  }

  async #refreshAndOpen() {
    // Once in a row: a token that is refused as soon as it is made (a clock is wrong) has to wait like any failure.
    this.#hasRefreshed = true;
    let token;
    try {
      token = await this.#options.refreshToken();
    } catch {
      return this.#retryLater();
    }
    if (this.#isStopped) return;
    if (token === null) return this.#logOut();
    this.#open();
  }

  async #refreshInPlace() {
    const socketId = this.#socket.id;
    // If this fails, the socket is closed when its token ends, and the next connect refreshes.
    const token = await this.#options.refreshToken().catch(() => null);
    if (token !== null && this.#socket.connected && this.#socket.id === socketId) this.#socket.emit("refresh", { token });
  }

  #lost() {
    this.#close();
    this.#retryLater();
  }

  #retryLater() {
    if (this.#isStopped) return;
    this.#hasRefreshed = false;
    this.#tell("state", "offline");
    // Full jitter: when a server goes away, its clients come back spread out.
    const pause = Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
    this.#retryTimer = setTimeout(this.#retryNow, pause);
  }

  #retryNow = () => {
    if (!this.#retryTimer) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#open();
  };

  #logOut() {
    this.stop();
    this.#tell("state", "logged-out");
  }

  #tellUnread(count) {
    this.#unreadCounts += 1;
    this.#tell("unread", count);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
