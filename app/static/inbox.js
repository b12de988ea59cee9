/** The inbox: what happened, newest first, with what is read and how much is not. */

import { avatar, button, byId, element } from "./elements.js";
import { describe } from "./events.js";
import { ago } from "./time.js";

const PAGE = 20;
const MINUTE_MS = 60_000;

export class Inbox {
  #api;
  #report;
  #rows = new Map(); // by id: {notification, row}
  #unread = 0;

  constructor(api, report) {
    this.#api = api;
    this.#report = report;
    byId("reload-inbox").onclick = () => this.reload();
    byId("read-all").onclick = () => this.#rows.size && this.#markRead({ up_to: Math.max(...this.#rows.keys()) });
    byId("older").onclick = () => this.#showOlder();
    setInterval(() => this.#drawTimes(), MINUTE_MS);
  }

  /** Read the newest page. */
  load() {
    return this.#api.call("GET", `/user/notifications?limit=${PAGE}`);
  }

  async reload() {
    await this.#reporting(async () => {
      const inbox = await this.load();
      this.take(inbox);
      this.setUnread(inbox.unread_count);
    });
  }

  /** Show what `load` has read in place of what stood here, but for what came in while it was read. */
  take({ results }) {
    const newest = results[0]?.id ?? 0;
    const found = new Set(results.map(({ id }) => id));
    for (const id of [...this.#rows.keys()]) if (id <= newest && !found.has(id)) this.#remove(id);
    results.forEach((notification) => this.#put(notification));
    byId("older").hidden = results.length < PAGE;
    this.#drawEmptiness();
  }

  /** Show a notification that came in live. */
  add({ id, event, timestamp, ...data }) {
    if (id === undefined || this.#rows.has(id)) return;
    this.#put({ id, event, data, created_at: timestamp, read: false });
    this.#drawEmptiness();
  }

  setUnread(count) {
    this.#unread = count;
    byId("badge").textContent = count > 99 ? "99+" : count;
    byId("badge").hidden = count === 0;
    byId("badge-label").textContent = `${count} unread`;
    byId("read-all").disabled = count === 0;
    document.title = count ? `(${count}) Toutiao` : "Toutiao";
  }

  /** Take a count that was pushed. A smaller one says that another device has read something: show what. */
  takeUnread(count) {
    const isReadElsewhere = count < this.#unread;
    this.setUnread(count);
    if (isReadElsewhere) this.reload();
  }

  clear() {
    for (const id of [...this.#rows.keys()]) this.#remove(id);
    byId("older").hidden = true;
    this.setUnread(0);
    this.#drawEmptiness();
  }

  async #showOlder() {
    await this.#reporting(async () => {
      const oldest = Math.min(...this.#rows.keys());
      const { results } = await this.#api.call("GET", `/user/notifications?limit=${PAGE}&before=${oldest}`);
      results.forEach((notification) => this.#put(notification));
      byId("older").hidden = results.length < PAGE;
    });
  }

  async #markRead(which) {
    await this.#reporting(async () => {
      const { unread_count: count } = await this.#api.call("POST", "/user/notifications/read", which);
      for (const [id, { notification }] of this.#rows) {
        if (which.ids?.includes(id) || id <= which.up_to) this.#put({ ...notification, read: true });
      }
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

  /** Add a row in its place or renew it, and leave the others alone: somebody's focus may be on them. */
  #put(notification) {
    const { id } = notification;
    const known = this.#rows.get(id);
    if (known?.notification.read === notification.read) return;
    const row = this.#row(notification);
    const hadFocus = known?.row.contains(document.activeElement);
    if (known) known.row.replaceWith(row);
    else byId("inbox").insertBefore(row, this.#firstOlderThan(id));
    this.#rows.set(id, { notification, row });
    if (hadFocus) (byId("inbox").querySelector("button") ?? byId("inbox-title")).focus();
  }

  #firstOlderThan(id) {
    const older = [...this.#rows.keys()].filter((other) => other < id);
    return older.length ? this.#rows.get(Math.max(...older)).row : null;
  }

  #remove(id) {
    this.#rows.get(id).row.remove();
    this.#rows.delete(id);
  }

  #row({ id, event, data, created_at: createdAt, read }) {
    const name = data.user_name || "Somebody";
    const what = describe(event, data);
    const date = new Date(createdAt * 1000);
    const time = element("time", { dateTime: date.toISOString(), title: date.toLocaleString(), textContent: ago(date) });
    const text = element("span", { className: "grow" }, element("strong", { textContent: name }), ` ${what}`, time);
    const row = element("li", { className: read ? "read" : "unread" }, avatar(name, data.user_photo), text);
    const label = `Mark as read: ${name} ${what}`;
    if (!read) row.append(button("Mark read", { label, onclick: () => this.#markRead({ ids: [id] }) }));
    return row;
  }

  #drawTimes() {
    for (const time of byId("inbox").querySelectorAll("time")) time.textContent = ago(new Date(time.dateTime));
  }

  #drawEmptiness() {
    byId("no-inbox").hidden = this.#rows.size > 0;
  }
}
