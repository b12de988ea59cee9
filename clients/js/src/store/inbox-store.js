/** The inbox as data: notifications, newest first, with the number of unread ones. It needs no DOM and no framework. */

import { Counts } from "./counts.js";
import { withGroups } from "./groups.js";
import { InboxItems } from "./inbox-items.js";
import { isUnread, itemOf } from "./items.js";
import { Listeners } from "./listeners.js";
import { MarkQueue } from "./marks.js";
import { Newest, PAGE } from "./pages.js";
import { Rereads } from "./rereads.js";
import { EMPTY, makeSnapshot, NOTHING } from "./snapshot.js";
import { StateLists } from "./state-lists.js";

/**
 * `getSnapshot` returns {connection, status, items, unread, unseen, counts, hasMore, isLoadingMore, hasStates, isStale,
 * error}, the same object until something changes. Listeners are told of what is pushed once for each frame. `status` is
 * "idle", "loading", "ready" or "failed". Each item is {id, event, data, created_at, read, archived_at}, and what else
 * the server says of it. `hasStates`: the server knows more than read. `counts` are {all, unread, archived}, or null.
 * `isStale`: read it again if it is shown.
 */
export class InboxStore {
  #api;
  #groups;
  #listeners = new Listeners();
  #items;
  #marks = new Set(); // what is on its way; shown at once, and taken back if it fails
  #queue;
  #lists; // those of single states
  #rest = { ...NOTHING, connection: EMPTY.connection };
  #snapshot = EMPTY; // null: to be made when somebody asks for it
  #counts = new Counts();
  #newest;
  #loadingMore = null;
  #number = 0; // changes with each reset, so that late answers are dropped
  #rereads = new Rereads(() => this.#reread());

  /**
   * `api.list({limit, before, state})` resolves to {unread_count, unseen_count, results}, `api.markRead({ids} or {up_to})`
   * to the counts. A server with states also has `api.markState({ids} or {filter}, with seen, read or archived)`, which
   * resolves to the counts, and `api.counts()`. With `groups`, one item stands for all of a group, and marks of it are
   * marks of all.
   */
  constructor(api, { groups = false } = {}) {
    this.#api = groups ? withGroups(api) : api;
    this.#groups = groups;
    this.#items = new InboxItems(groups);
    this.#rest.hasGroups = groups;
    this.#queue = new MarkQueue(this.#api);
    this.#newest = new Newest(this.#api);
    const { gather, keyOf, beginPage: begin } = this.#items;
    const tell = () => this.#setSoon({});
    this.#lists = new StateLists(this.#api, { about: this.getSnapshot, marks: this.#marks, gather, begin, keyOf, tell });
  }

  subscribe = (listener) => this.#listeners.add(listener);

  getSnapshot = () => (this.#snapshot ??= this.#makeSnapshot());

  /** Return the notifications of a state, "all", "unread" or "archived": {getSnapshot, load, loadMore}. */
  inState = (state) => (state === "all" ? this : this.#lists.show(state));

  /** Read what is new, and what has changed. It does not reject: `status` and `error` say what was wrong. */
  load = async () => {
    const { version } = this.#counts;
    const number = this.#number;
    this.#set({ status: this.#rest.status === "ready" ? "ready" : "loading" });
    try {
      const page = await this.readNewest();
      if (number !== this.#number) return;
      // A count that was pushed in the meantime is at least as new as the one in the answer.
      if (version === this.#counts.version) this.#count(page);
      this.take(page);
      if (this.#rest.hasStates) this.#recount(number);
    } catch (error) {
      if (number === this.#number) this.#set({ status: this.#items.all.length ? "ready" : "failed", error });
    }
  };

  /**
   * Resolve to {unread_count, results, isWhole}: the newest notifications, at least as far back as those that are here,
   * within bounds. Callers at once share the requests.
   */
  readNewest() {
    return this.#newest.read(this.#items.all, this.#items.begin());
  }

  /** Read the page after the oldest notification. Callers at once share the request. */
  loadMore = () => {
    this.#loadingMore ??= this.#loadMore(this.#number);
    return this.#loadingMore;
  };

  /** Mark some as read at once, as `change` does. */
  markRead = (which) => this.change(which, { read: true });

  /**
   * Mark all that are here, and all older ones, as read. Resolve to the ids of those that were unread; to null where they
   * are too many. A server that knows no states does not name them: then it is those that are here.
   */
  markAllRead = async () => {
    const ids = this.getSnapshot().items.filter(isUnread).map(({ id }) => id);
    if (!this.#items.all.length) return ids;
    const which = { up_to: this.#items.all[0].id };
    const answer = await this.#mark({ which, change: { read: true }, withIds: this.#rest.hasStates });
    return answer.ids === undefined ? ids : answer.ids;
  };

  /**
   * Change some at once: {read?, archived?}, each true or false. They are ids, or items: what stands for an item's group by
   * now is changed as a whole. Resolve to the ids of all that changed; to null where they are too many. Give them back
   * without `withGroups` to undo it. If the server does not change them, take it back and reject.
   */
  change = async (which, change, { withGroups = true } = {}) => {
    const items = [...which].map((one) => (typeof one === "object" ? this.#items.newestOf(one) : { id: one }));
    const ids = items.map(({ id }) => id);
    const answer = await this.#mark({ which: { ids }, change, isOfGroups: this.#isOfGroups(items), isExact: !withGroups });
    return answer.ids === undefined ? ids : answer.ids;
  };

  /** Whether people can be muted: the server has preferences, and so counts requests. */
  get canMute() {
    return typeof this.#api.mute === "function" && this.#counts.byState?.requests !== undefined;
  }

  /** Hear nothing of a person any more, or hear of them again. Reject if the server did not do it. */
  setMuted = async (userId, isMuted) => {
    const number = this.#number;
    try {
      await (isMuted ? this.#api.mute(userId) : this.#api.unmute(userId));
    } catch (error) {
      if (number === this.#number) this.#set({ error });
      throw error;
    }
  };

  /** Mark as seen what is here. It does not reject: the next time will do. */
  markSeen = async () => {
    if (!this.#rest.hasStates || this.#counts.unseen === 0 || this.#items.all.length === 0) return;
    const mark = { filter: { up_to: this.#items.all[0].id }, seen: true };
    this.#counts.unseen = 0;
    this.#set({});
    await this.#api.markState(mark).catch(() => {});
  };

  /** Take what readNewest has read. */
  take({ results, unseen_count: unseen, since = this.#items.taken, isWhole = results.length < PAGE }) {
    const taken = this.#items.take({ results, since }, !isWhole);
    if (taken === null) return;
    this.#lists.renew((items) => this.#items.withoutLeft(items, results, since), this.#items.all);
    this.#lists.learn(this.#items.all, isWhole ? -Infinity : results.at(-1).id);
    if (this.#rest.isStale || this.#rest.connection === "offline") this.#lists.refresh(); // nobody tells of changes then
    if (this.#items.isBehind) this.#rereads.ask();
    this.#rest.hasStates = unseen !== undefined && typeof this.#api.markState === "function";
    this.#set({ status: "ready", error: null, isStale: false, hasMore: taken.keepsOlder ? this.#rest.hasMore : !isWhole });
  }

  /** Take a live notification. */
  add(notification) {
    const item = itemOf(notification, this.#groups);
    const more = this.#items.put(item);
    if (more === null) return; // it is there already
    this.#lists.add(item);
    this.#counts.addToAll(more);
    if (item.group_id === undefined) this.#counts.addOne(this.#rest.hasStates); // an update of a group may come after the counts
    this.#setSoon({});
  }

  /** Take a count that was pushed. If it is smaller than expected, another device has read some: read the inbox. */
  setUnread(count) {
    const marked = this.#counts.unread - this.getSnapshot().unread;
    const isMarkedElsewhere = this.#counts.isMarkedElsewhere(count, marked);
    this.#count({ unread_count: count });
    this.#setSoon({});
    if (isMarkedElsewhere) this.#rereads.ask();
  }

  /** Take the number of those that nobody has seen, that was pushed; null if the server does not know it now. */
  setUnseen(count) {
    if (count === null) return this.becomeStale();
    this.#counts.unseen = count;
    this.#setSoon({});
  }

  /** States may have changed unnoticed. Who shows the inbox reads it again. */
  becomeStale() {
    if (this.#rest.hasStates) this.#setSoon({ isStale: true });
  }

  /** Take what another device has changed: {ids, seen_at?, read_at?, archived_at?, more?}, each a time or null. */
  takeStates({ ids, read_at: readAt, archived_at: archivedAt, more }) {
    if (readAt === undefined && archivedAt === undefined) return; // seen: nothing shows that
    const changed = new Set(ids);
    const change = { ...(readAt !== undefined && { read: readAt !== null }) };
    if (archivedAt !== undefined) change.archived = archivedAt !== null;
    const { parts, isAll } = this.#items.find(changed);
    if (change.archived) {
      this.#items.leave(parts);
      for (const id of parts) changed.delete(id);
    }
    const before = this.#items.unread;
    this.#apply({ which: { ids: [...changed] }, change });
    this.#counts.expect(this.#items.unread - before);
    this.#setSoon({});
    if (more || parts.length > 0 || (!isAll && (this.#groups || change.archived === false))) this.#rereads.ask();
    else if (change.archived !== undefined) this.#recount(this.#number);
  }

  /** Remove what its sender has withdrawn. A group goes on without them. */
  withdraw(ids) {
    const gone = new Set(ids);
    const isGone = (item) => gone.has(item.id) && this.#items.sizeOf(item) === 1;
    this.#counts.addToAll(-this.#items.all.filter(isGone).length);
    this.#counts.expect(-gone.size); // only what nobody has seen is withdrawn, most often
    this.#items.leave(ids);
    if (this.#items.arePartOf([...this.#items.all, ...this.#lists.items], ids)) this.#rereads.ask();
    this.#items.remove(isGone);
    this.#lists.remove(isGone);
    this.#setSoon({});
  }

  setConnection(connection) {
    this.#set({ connection });
  }

  /** Forget everything, because the user has logged out. */
  reset() {
    this.#rereads.cancel();
    this.#number += 1;
    this.#items.clear();
    this.#counts.clear();
    this.#lists.reset();
    this.#marks.clear();
    this.#newest.forget();
    this.#loadingMore = null;
    this.#set(NOTHING);
  }

  #count(counts, { isAnswer = false } = {}) {
    // The number also comes when others were seen. Only if it is another one, it knows of the mark that has been sent.
    // The marks after it wait for its answer.
    const [sent] = this.#marks;
    if (sent && !isAnswer && counts.unread_count !== this.#counts.unread) sent.isCounted = true;
    this.#counts.take(counts);
  }

  /** The answer that is on its way may be older than the reason to read. */
  #reread() {
    this.#newest.forget();
    this.load();
    this.#lists.refresh();
  }

  /** Read how many there are of each state. Without them, the tabs show none. */
  async #recount(number) {
    const counts = await this.#api.counts?.().catch(() => null);
    if (number !== this.#number || !counts) return;
    this.#counts.byState = counts;
    this.#set({});
  }

  async #loadMore(number) {
    const before = this.#items.all.at(-1)?.id;
    if (before === undefined) return this.load();
    this.#set({ isLoadingMore: true });
    const add = this.#items.beginPage();
    try {
      const { results } = await this.#api.list({ limit: PAGE, before });
      if (number !== this.#number) return;
      this.#items.addOlder(add, results, before);
      this.#endLoadingMore({ hasMore: results.length === PAGE && !this.#items.isFull, error: null });
    } catch (error) {
      if (number === this.#number) this.#endLoadingMore({ error });
    }
  }

  #endLoadingMore(changes) {
    this.#loadingMore = null;
    this.#set({ ...changes, isLoadingMore: false });
  }

  async #mark(options) {
    const mark = { ...options, isCounted: false };
    const { change } = mark;
    const number = this.#number;
    this.#marks.add(mark);
    this.#set({ error: null });
    try {
      const counts = await this.#queue.send(mark, () => number === this.#number);
      if (number !== this.#number) return counts;
      this.#apply(mark);
      this.#marks.delete(mark);
      this.#count(counts, { isAnswer: true });
      this.#set({});
      if (change.archived !== undefined) this.#recount(number);
      return counts;
    } catch (error) {
      this.#marks.delete(mark);
      if (number === this.#number) this.#set({ error });
      throw error;
    }
  }

  /** Say whether one of these items stands for others. A server without groups has none. */
  #isOfGroups(items) {
    const ids = new Set(items.map(({ id }) => id));
    return [...items, ...this.#items.all, ...this.#lists.items].some((item) => ids.has(item.id) && this.#items.sizeOf(item) > 1);
  }

  #apply(mark) {
    this.#items.apply(mark);
    this.#lists.apply(mark);
  }

  /** Tell of a change at once. */
  #set(changes) {
    this.#change(changes);
    this.#listeners.tell();
  }

  /** Tell of a change that was pushed: a hundred may come in a second. */
  #setSoon(changes) {
    this.#change(changes);
    this.#listeners.tellSoon();
  }

  #change(changes) {
    this.#rest = { ...this.#rest, ...changes, ...(this.#items.trim() && { hasMore: !this.#items.isFull }) };
    this.#snapshot = null;
  }

  #makeSnapshot() {
    return makeSnapshot(this.#rest, { marks: this.#marks, items: this.#items, counts: this.#counts });
  }
}
