// Live notifications for one user: the official Socket.IO client, plus what an application would otherwise write
// itself. It keeps the offset, drops repeats, falls back to the inbox, and renews the token.
//
// Events: "notification" (detail: the data), "unread" (detail: a number), "inbox" (detail: the inbox as read over
// HTTP), "state" (detail: "connecting" | "live" | "offline" | "logged-out").

const REMEMBERED_IDS = 1000;

export class PushClient extends EventTarget {
  #io;
  #url;
  #getToken;
  #refreshToken;
  #loadInbox;
  #storage;
  #key;
  #socket = null;
  #seen = new Set();
  #hasTriedRefresh = false;

  /**
   * `getToken()` and `refreshToken()` return (a promise of) an access token, the second a new one; `loadInbox()` a
   * promise of the inbox; `storage` keeps the offset.
   *
   * The storage should belong to one tab, as sessionStorage does: each tab shows on its own, so what one has had is
   * not what another has had.
   */
  constructor({ io, url, userId, getToken, refreshToken, loadInbox, storage = sessionStorage }) {
    super();
    this.#io = io;
    this.#url = url;
    this.#getToken = getToken;
    this.#refreshToken = refreshToken;
    this.#loadInbox = loadInbox;
    this.#storage = storage;
    this.#key = `push-offset:${userId}`;
  }

  connect() {
    this.#tell("state", "connecting");
    // The client's own reconnection waits longer each time, with jitter.
    this.#socket = this.#io(this.#url, {
      auth: (ready) => this.#authenticate(ready),
      reconnectionDelay: 500,
      reconnectionDelayMax: 10_000,
      randomizationFactor: 0.5,
      timeout: 10_000,
    });
    this.#socket.on("connect_error", (error) => this.#refused(error));
    this.#socket.on("disconnect", (reason) => this.#disconnected(reason));
    this.#socket.on("following notify", (data) => this.#receive(data));
    this.#socket.on("unread", ({ count }) => this.#tell("unread", count));
    this.#socket.on("sync", (sync) => this.#synced(sync));
    this.#socket.on("token_expiring", () => this.#renew());
  }

  close() {
    this.#socket?.close();
    this.#socket = null;
  }

  async #authenticate(ready) {
    const lastOffset = this.#storage.getItem(this.#key);
    const token = await this.#getToken();
    ready(lastOffset === null ? { token } : { token, last_offset: lastOffset });
  }

  #receive(data) {
    if (data.offset) this.#storage.setItem(this.#key, data.offset);
    if (this.#seen.has(data.id)) return;
    this.#seen.add(data.id);
    if (this.#seen.size > REMEMBERED_IDS) this.#seen.delete(this.#seen.values().next().value);
    this.#tell("notification", data);
  }

  async #synced({ recovered, offset, unread_count: unreadCount }) {
    this.#hasTriedRefresh = false;
    this.#tell("state", "live");
    if (unreadCount !== null) this.#tell("unread", unreadCount);
    if (!recovered || unreadCount === null) {
      try {
        this.#tell("inbox", await this.#loadInbox());
      } catch {
        return; // The offset stays as it was, so the next connect asks again.
      }
    }
    this.#storage.setItem(this.#key, offset);
  }

  async #refused(error) {
    this.#tell("state", "offline");
    if (error.message === "token_expired" && !this.#hasTriedRefresh) {
      this.#hasTriedRefresh = true; // Once: a refresh that does not help would turn in a circle.
      try {
        await this.#refreshToken();
        this.#socket?.connect();
        return;
      } catch {
        this.#leave();
      }
    } else if (/^token_/.test(error.message)) {
      this.#leave();
    }
  }

  #leave() {
    this.close();
    this.#tell("state", "logged-out");
  }

  #disconnected(reason) {
    if (this.#socket === null) return;
    this.#tell("state", "offline");
    // The client does not reconnect by itself when the server closed the socket, as it does when it stops.
    if (reason === "io server disconnect") {
      setTimeout(() => this.#socket?.connect(), 500 + Math.random() * 2000);
    }
  }

  async #renew() {
    try {
      this.#socket?.emit("refresh", { token: await this.#refreshToken() });
    } catch {
      // The socket is closed when its token ends, and the next connect says what is wrong.
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
