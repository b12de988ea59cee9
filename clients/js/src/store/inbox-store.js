/** The inbox as data: notifications, newest first, with the number of unread ones. It needs no DOM and no framework. */

import { LARGEST_COUNT, markAsRead, merge, readWith, trim } from "./items.js";
import { PAGE, readNewest } from "./pages.js";

const REREAD_MS = 300;
const MOST_ITEMS = 1000;
const MOST_READ = 10_000; // if the reader has come so far
const NOTHING = { status: "idle", hasMore: false, isLoadingMore: false, error: null };
const EMPTY = { ...NOTHING, connection: "connecting", items: [], unread: 0 };

/**
 * `getSnapshot` returns {connection, status, items, unread, hasMore, isLoadingMore, error}, the same object until
 * something changes.
 * `status` is "idle", "loading", "ready" or "failed". Each item is {id, event, data, created_at, read}, and what else the
 * server says of it.
 */
export class InboxStore {
  #api;
  #listeners = new Set();
  #items = []; // as the server said, newest first
  #unread = 0;
  #marks = new Set(); // what is being marked as read; shown at once, and taken back if it fails
  #rest = { ...NOTHING, connection: EMPTY.connection };
  #snapshot = EMPTY;
  #most = MOST_ITEMS;
  #counts = 0;
  #expected = 0; // the next count that is pushed, if no other device marks anything as read
  #loading = null;
  #loadingMore = null;
  #number = 0; // changes with each reset, so that late answers are dropped
  #rereadTimer;

  /** `api.list({limit, before})` resolves to {unread_count, results}, `api.markRead({ids} or {up_to})` to {unread_count}. */
  constructor(api) {
    this.#api = api;
  }

  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  getSnapshot = () => this.#snapshot;

  /** Read what is new, and what has changed. It does not reject: `status` and `error` say what was wrong. */
  load = async () => {
    const counts = this.#counts;
    const number = this.#number;
    this.#set({ status: this.#rest.status === "ready" ? "ready" : "loading" });
    try {
      const page = await this.readNewest();
      if (number !== this.#number) return;
      this.take(page);
      // A count that was pushed in the meantime is at least as new as the one in the answer.
      if (counts === this.#counts) this.#count(page.unread_count);
    } catch (error) {
      if (number === this.#number) this.#set({ status: this.#items.length ? "ready" : "failed", error });
    }
  };

  /**
   * Resolve to {unread_count, results, isWhole}: the newest notifications, at least as far back as those that are here,
   * within bounds. Callers at once share the requests.
   */
  readNewest() {
    const end = (loading) => this.#loading === loading && (this.#loading = null);
    if (this.#loading === null) {
      const loading = (this.#loading = readNewest(this.#api, this.#items));
      loading.then(
        () => end(loading),
        () => end(loading),
      );
    }
    return this.#loading;
  }

  /** Read the page after the oldest notification. Callers at once share the request. */
  loadMore = () => {
    this.#loadingMore ??= this.#loadMore(this.#number);
    return this.#loadingMore;
  };

  /** Mark some as read at once. If the server does not, take it back and reject. */
  markRead = (ids) => this.#mark({ ids: [...ids] });

  /** Mark all that are here, and all older ones, as read. */
  markAllRead = async () => {
    if (this.#items.length) await this.#mark({ up_to: this.#items[0].id });
  };

  /** Take what readNewest has read. */
  take({ results, isWhole = results.length < PAGE }) {
    const { items, keepsOlder } = merge(this.#items, results, !isWhole);
    this.#items = items;
    this.#set({ status: "ready", error: null, hasMore: keepsOlder ? this.#rest.hasMore : !isWhole });
  }

  /** Take a live notification. */
  add({ id, event, timestamp, text, url, offset, ...data }) {
    if (this.#items.some((item) => item.id === id)) return;
    const item = { id, event, data, created_at: timestamp, read: false };
    if (text !== undefined) Object.assign(item, { text, url });
    this.#items = [...this.#items, item].sort((one, other) => other.id - one.id);
    this.#expected = Math.min(this.#expected + 1, LARGEST_COUNT);
    this.#set({});
  }

  /** Take a count that was pushed. If it is smaller than expected, another device has read some: read the inbox. */
  setUnread(count) {
    const marked = this.#unread - this.#snapshot.unread; // here, and still on the way
    const isReadElsewhere = count < this.#expected - marked;
    this.#count(count);
    if (!isReadElsewhere) return;
    this.#rereadTimer ??= setTimeout(() => {
      this.#rereadTimer = undefined;
      this.load();
    }, REREAD_MS);
  }

  /** Remove what its sender has withdrawn. */
  withdraw(ids) {
    const gone = new Set(ids);
    this.#items = this.#items.filter(({ id }) => !gone.has(id));
    this.#set({});
  }

  setConnection(connection) {
    this.#set({ connection });
  }

  /** Forget everything, because the user has logged out. */
  reset() {
    clearTimeout(this.#rereadTimer);
    this.#rereadTimer = undefined;
    this.#number += 1;
    this.#items = [];
    this.#unread = this.#expected = 0;
    this.#most = MOST_ITEMS;
    this.#marks.clear();
    this.#loading = this.#loadingMore = null;
    this.#set(NOTHING);
  }

  #count(count) {
    this.#counts += 1;
    this.#unread = this.#expected = count;
    for (const mark of this.#marks) mark.isCounted = true;
    this.#set({});
  }

  async #loadMore(number) {
    const before = this.#items.at(-1)?.id;
    if (before === undefined) return this.load();
    this.#set({ isLoadingMore: true });
    try {
      const { results } = await this.#api.list({ limit: PAGE, before });
      if (number !== this.#number) return;
      const known = new Set(this.#items.map(({ id }) => id));
      this.#items = [...this.#items, ...results.filter(({ id }) => !known.has(id) && id < before)];
      this.#most = Math.min(Math.max(this.#most, this.#items.length), MOST_READ);
      this.#endLoadingMore({ hasMore: results.length === PAGE && this.#items.length < MOST_READ, error: null });
    } catch (error) {
      if (number === this.#number) this.#endLoadingMore({ error });
    }
  }

  #endLoadingMore(changes) {
    this.#loadingMore = null;
    this.#set({ ...changes, isLoadingMore: false });
  }

  async #mark(which) {
    const mark = { which, isCounted: false };
    const number = this.#number;
    this.#marks.add(mark);
    this.#set({ error: null });
    try {
      const { unread_count: count } = await this.#api.markRead(which);
      if (number !== this.#number) return;
      this.#items = markAsRead(this.#items, which);
      this.#marks.delete(mark);
      this.#count(count);
    } catch (error) {
      this.#marks.delete(mark);
      if (number === this.#number) this.#set({ error });
      throw error;
    }
  }

  #set(changes) {
    const { items, hasDropped } = trim(this.#items, this.#most);
    this.#items = items;
    this.#rest = { ...this.#rest, ...changes, ...(hasDropped && { hasMore: true }) };
    this.#snapshot = { ...this.#rest, ...readWith(this.#marks, this.#items, this.#unread) };
    for (const listener of [...this.#listeners]) listener();
  }
}
