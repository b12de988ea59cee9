/** Live notifications for browsers: connects, catches up, drops repeats and refreshes the token. */

const EMPTY_HISTORY = "0-0";
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
const MANY_FAILURES = 10; // after so many, a pause is as long as any
const CONNECT_DEADLINE_MS = 10_000;
const SYNC_DEADLINE_MS = 20_000;
/** What a server says about the connection itself. Every other event is the host's. */
const ABOUT_CONNECTION = new Set(["sync", "unread", "closing", "token_expiring", "message", "anonymous", "withdrawn"]);
const TOKEN_REFUSALS = new Set(["token_expired", "token_invalid", "token_revoked"]);

/**
 * A connection that reconnects by itself. It dispatches CustomEvents:
 *
 * - `state`: "connecting", "catching-up", "live", "offline" or "logged-out"
 * - `notification`: {event, ...data as sent}, each id once; `timestamp` in Unix seconds
 * - `event`: {event, data}, what another program has sent to this user: it has no id, so it is no notification
 * - `withdrawn`: the ids of notifications that are no longer in the inbox
 * - `unread`: the number of unread notifications
 * - `inbox`: the result of `loadInbox`, because the history did not have all that was missed
 *
 * And for other tabs, which have no socket of their own:
 *
 * - `packet`: {event, data}, each notification as it came, repeats too
 * - `gap`: the history does not have all that was missed
 * - `offset`: everything up to this offset is shown
 */
export class PushClient extends EventTarget {
  #options;
  #socket;
  #memory;
  #phase = "closed"; // then "replaying", "reading-inbox", "live"
  #offset = null;
  #failures = 0;
  #token = null; // a promise, of the attempt to connect
  #hasRefreshed = false;
  #retryTimer;
  #syncTimer;
  #unreadCounts = 0;

  /**
   * `io` is the function of socket.io-client. `getToken` resolves to the access token at hand, or with `{refresh: true}`
   * to a new one; to null if the session is over. It rejects if it does not know. `loadInbox` resolves to the first page
   * of the inbox or rejects. Both must end in limited time. `memory` is a PushMemory. With `groups`, one notification
   * tells of all that was gathered in its group.
   */
  constructor({ io, url, memory, getToken, loadInbox, groups = false }) {
    super();
    this.#options = { getToken, loadInbox, groups };
    this.#memory = memory;
    this.#socket = io(url, {
      auth: (answer) => this.#greet(answer),
      autoConnect: false,
      forceNew: true,
      // #retryLater reconnects for every reason, after one pause with jitter. The library reconnects only for some.
      reconnection: false,
      timeout: CONNECT_DEADLINE_MS,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
    });
    this.#listen();
  }

  start() {
    globalThis.addEventListener?.("online", this.#retryNow);
    this.#dispatch("state", "connecting");
    this.#open();
  }

  /** Close for ever. To start again, create another client. */
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
    this.#socket.on("unread", ({ count, unseen_count: unseen }) => {
      this.#dispatchUnread(count);
      this.#dispatch("unseen", unseen ?? null);
    });
    this.#socket.on("closing", ({ reason }) => {
      // The user has more tabs than a server allows. Each that came back at once would close another.
      if (reason === "too_many_sockets") this.#failures = MANY_FAILURES;
    });
    this.#socket.on("token_expiring", () => this.#refreshInPlace());
    this.#socket.on("withdrawn", ({ ids }) => this.#dispatch("withdrawn", ids));
    this.#socket.onAny((event, data) => ABOUT_CONNECTION.has(event) || this.#receive(event, data));
  }

  async #greet(answer) {
    const asked = this.#token;
    const token = await asked?.catch(() => null);
    if (!token || asked !== this.#token) return; // #open says what happens, or there is another connection
    const { offset } = this.#memory;
    answer({ token, ...(offset !== null && { last_offset: offset }), ...(this.#options.groups && { groups: true }) });
  }

  /** The socket connects while the token is on its way: it is needed only for the greeting, two round trips later. */
  async #open({ refresh = false } = {}) {
    // Only once: if a new token is refused too (a clock is wrong), wait as after any failure.
    this.#hasRefreshed = refresh;
    const asked = (this.#token = this.#options.getToken({ refresh }));
    this.#syncTimer = setTimeout(() => this.#lost(), SYNC_DEADLINE_MS);
    this.#socket.connect();
    try {
      if ((await asked) === null && !this.#isStopped) this.#logOut();
    } catch {
      if (asked === this.#token) this.#lost();
    }
  }

  #close() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    clearTimeout(this.#syncTimer);
    this.#phase = "closed";
    this.#token = null;
    this.#socket.disconnect();
  }

  #connected() {
    this.#phase = "replaying";
    this.#hasRefreshed = false;
    this.#dispatch("state", "catching-up");
  }

  #receive(event, data) {
    if (data?.id === undefined) return this.#dispatch("event", { event, data });
    this.#dispatch("packet", { event, data });
    if (!this.#memory.isNew(data)) return;
    this.#dispatch("notification", { ...data, event });
    // A live notification may arrive before the end of the replay, which `sync` marks. Its offset would skip the rest.
    if (data.offset !== undefined && this.#phase !== "replaying") this.#moveTo(data.offset);
  }

  async #sync({ recovered, offset, unread_count: unreadCount }) {
    clearTimeout(this.#syncTimer);
    // Without an offset nothing is replayed, so what was pushed before this connect is only in the inbox.
    const isComplete = recovered && this.#memory.offset !== null;
    this.#phase = "reading-inbox";
    // While its history is unavailable, a server knows no offset. With the old one, the client gets repeats at worst.
    this.#offset = recovered || offset !== EMPTY_HISTORY ? offset : this.#memory.offset;
    if (unreadCount !== null) this.#dispatchUnread(unreadCount);
    if (!isComplete) this.#dispatch("gap");
    if ((!isComplete || unreadCount === null) && !(await this.#readInbox())) return;
    this.#phase = "live";
    this.#failures = 0;
    if (this.#offset !== null) this.#moveTo(this.#offset);
    this.#dispatch("state", "live");
  }

  /** Store an offset, but only when nothing remains to be read from the inbox. */
  #moveTo(offset) {
    this.#offset = offset;
    if (this.#phase !== "live") return;
    this.#memory.offset = offset;
    this.#dispatch("offset", offset);
  }

  /** Read the inbox and return whether this connection still waits for it. After a failure, connect again. */
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
    this.#dispatch("inbox", inbox);
    // A count that was pushed in the meantime is at least as new as the one in the answer.
    if (unreadCounts === this.#unreadCounts) this.#dispatchUnread(inbox.unread_count);
    return isCurrent();
  }

  #refused(error) {
    clearTimeout(this.#syncTimer);
    // Only the API knows whether the session is over: the clock of an IM server may be wrong.
    if (TOKEN_REFUSALS.has(error.message) && !this.#hasRefreshed) return this.#open({ refresh: true });
    this.#retryLater();
  }

  async #refreshInPlace() {
    const socketId = this.#socket.id;
    // If this fails, the socket is closed when its token ends, and the next connect refreshes.
    const token = await this.#options.getToken({ refresh: true }).catch(() => null);
    if (token !== null && this.#socket.connected && this.#socket.id === socketId) this.#socket.emit("refresh", { token });
  }

  #lost() {
    this.#close();
    this.#retryLater();
  }

  #retryLater() {
    if (this.#isStopped) return;
    this.#token = null;
    this.#dispatch("state", "offline");
    // Full jitter: when a server stops, its clients do not reconnect all at once.
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
    this.#dispatch("state", "logged-out");
  }

  #dispatchUnread(count) {
    this.#unreadCounts += 1;
    this.#dispatch("unread", count);
  }

  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
