/** The inbox: notifications, newest first, with their state and the number of unread ones. */

import { byId, moveFocus, switchOff } from "./elements.js";
import { InboxList } from "./inbox-list.js";

const PAGE = 20;
const LARGEST_PAGE = 100;
const MOST_PAGES = 10; // of LARGEST_PAGE, in one load
const LARGEST_COUNT = 1000; // which means "1,000 or more"
const REREAD_MS = 300;
const MINUTE_MS = 60_000;

export class Inbox {
  #api;
  #report;
  #list;
  #expected = 0; // the next count that is pushed, if no other device marks anything as read
  #counts = 0;
  #rereadTimer;

  constructor(api, report) {
    this.#api = api;
    this.#report = report;
    this.#list = new InboxList((id) => this.#markRead({ ids: [id] }), () => this.reload());
    byId("reload-inbox").onclick = () => this.reload();
    byId("read-all").onclick = () => this.#markAllRead();
    byId("older").onclick = () => this.#showOlder();
    setInterval(() => this.#list.drawTimes(), MINUTE_MS);
  }

  /** Read as many notifications as are shown, at least the newest page, at most MOST_PAGES of LARGEST_PAGE. */
  async load() {
    const oldest = this.#list.oldest;
    const limit = Math.min(Math.max(this.#list.size, PAGE), LARGEST_PAGE);
    let page = await this.#page(limit);
    const results = page.results;
    for (let pages = 1; pages < MOST_PAGES && page.results.length === limit && results.at(-1).id > oldest; pages++) {
      page = await this.#page(limit, results.at(-1).id);
      results.push(...page.results);
    }
    const shown = results.filter(({ id }, index) => id >= oldest || index < PAGE);
    const isWhole = page.results.length < limit && shown.length === results.length;
    return { unread_count: page.unread_count, results: shown, isWhole };
  }

  /** Read the inbox because the user asked for it. Show new notifications at once. */
  reload() {
    this.#list.showWaiting();
    return this.#reread((notification) => this.#list.insert(notification));
  }

  /** Read the inbox because something may have changed. New notifications wait while the user works with the rows. */
  refresh() {
    return this.#reread((notification) => this.#list.put(notification));
  }

  /** Show what `load` has read, as `refresh` does. */
  take(inbox) {
    this.#take(inbox, (notification) => this.#list.put(notification));
  }

  /** Show a live notification. */
  add({ id, event, timestamp, ...data }) {
    if (id === undefined || this.#list.has(id)) return;
    this.#expected = Math.min(this.#expected + 1, LARGEST_COUNT);
    this.#list.put({ id, event, data, created_at: timestamp, read: false });
  }

  /** Remove what its sender has withdrawn. */
  remove(ids) {
    this.#list.removeAll((id) => ids.includes(id));
  }

  setUnread(count) {
    this.#counts += 1;
    this.#expected = count;
    byId("badge").textContent = count > 99 ? "99+" : count;
    byId("badge").hidden = count === 0;
    byId("badge-label").textContent = `${count} unread`;
    switchOff(byId("read-all"), count === 0);
    document.title = count ? `(${count}) Toutiao` : "Toutiao";
  }

  /** Show a count that was pushed. If it is smaller than expected, another device has marked something as read. */
  takeUnread(count) {
    const isReadElsewhere = count < this.#expected;
    this.setUnread(count);
    if (!isReadElsewhere) return;
    this.#rereadTimer ??= setTimeout(() => {
      this.#rereadTimer = undefined;
      this.refresh();
    }, REREAD_MS);
  }

  clear() {
    clearTimeout(this.#rereadTimer);
    this.#rereadTimer = undefined;
    this.#list.removeAll(() => true);
    byId("older").hidden = true;
    this.setUnread(0);
  }

  #page(limit, before) {
    const query = new URLSearchParams(before === undefined ? { limit } : { limit, before });
    return this.#api.call("GET", `/user/notifications?${query}`);
  }

  async #reread(put) {
    await this.#reporting(async () => {
      const counts = this.#counts;
      const inbox = await this.load();
      this.#take(inbox, put);
      // A count that was pushed in the meantime is at least as new as the one in the answer.
      if (counts === this.#counts) this.setUnread(inbox.unread_count);
    });
  }

  #take({ results, isWhole }, put) {
    const oldest = results.at(-1)?.id ?? 0;
    const newest = results[0]?.id ?? 0;
    const found = new Set(results.map(({ id }) => id));
    // Between the answer and older rows there may be unknown notifications. Then remove the older rows.
    const isGap = !isWhole && oldest > this.#list.newest;
    this.#list.removeAll((id) => id <= newest && !found.has(id) && (id > oldest || isGap));
    results.forEach(put);
    if (oldest <= this.#list.oldest) byId("older").hidden = isWhole;
  }

  async #showOlder() {
    await this.#reporting(async () => {
      const { results } = await this.#page(PAGE, this.#list.oldest);
      results.forEach((notification) => this.#list.insert(notification));
      if (results.length === PAGE) return;
      if (byId("older") === document.activeElement && results.length) this.#list.focus(results[0].id);
      moveFocus({ from: byId("older"), to: byId("inbox-title") });
      byId("older").hidden = true;
    });
  }

  async #markAllRead() {
    this.#list.showWaiting();
    if (this.#list.size) await this.#markRead({ up_to: this.#list.newest });
  }

  async #markRead(which) {
    await this.#reporting(async () => {
      const { unread_count: count } = await this.#api.call("POST", "/user/notifications/read", which);
      this.#list.markRead((id) => which.ids?.includes(id) || id <= which.up_to);
      this.setUnread(count);
    });
  }

  async #reporting(action) {
    try {
      await action();
    } catch (error) {
      this.#report(error);
    }
  }
}
