/** The rows of the inbox by id, newest first. A row keeps its elements, its place and the focus when others arrive. */

import { byId, moveFocus } from "./elements.js";
import { InboxRow } from "./inbox-row.js";

const MOST_ROWS = 1000;
const MOST_WAITING = 100;
const IDLE_MS = 300;

/** A new row would move the others. So while the user works with the rows, new ones wait behind a button. */
export class InboxList {
  #onRead;
  #onTooMany;
  #rows = new Map(); // by id
  #waiting = new Map(); // notifications by id
  #idleTimer;

  /** `onRead(id)` marks one as read. `onTooMany()` is called when more wait than the list keeps. */
  constructor(onRead, onTooMany) {
    this.#onRead = onRead;
    this.#onTooMany = onTooMany;
    byId("show-new").onclick = () => this.#showOnClick();
    const showWhenIdle = () => this.#showWhenIdle();
    for (const event of ["pointerover", "focusin", "focusout", "scroll"]) document.addEventListener(event, showWhenIdle);
    document.documentElement.addEventListener("pointerleave", showWhenIdle);
  }

  get size() {
    return this.#rows.size;
  }

  get newest() {
    return Math.max(...this.#rows.keys());
  }

  get oldest() {
    return Math.min(...this.#rows.keys());
  }

  has(id) {
    return this.#rows.has(id) || this.#waiting.has(id);
  }

  /** Update the state of an existing row. Show a new one, or let it wait. */
  put(notification) {
    const { id, read } = notification;
    if (this.#rows.has(id)) return read && this.#rows.get(id).markRead();
    if (this.size && id < this.oldest) return this.insert(notification); // at the end of the list it moves no other row
    // MOST_WAITING + 1 means that there are too many.
    if (this.#waiting.size <= MOST_WAITING) this.#waiting.set(id, notification);
    if (this.#waiting.size === 1 && !isBusy()) return this.showWaiting();
    this.#drawWaiting();
    this.#showWhenIdle();
  }

  /** Show a notification in its place now, because the user asked for it. */
  insert(notification) {
    const { id } = notification;
    if (this.#rows.has(id)) return this.put(notification);
    const row = new InboxRow(notification, this.#onRead);
    byId("inbox").insertBefore(row.element, this.#firstOlderThan(id));
    this.#rows.set(id, row);
    if (this.#waiting.delete(id)) this.#drawWaiting();
    this.#drawEmpty();
  }

  markRead(matches) {
    for (const [id, row] of this.#rows) if (matches(id)) row.markRead();
    for (const [id, notification] of this.#waiting) if (matches(id)) notification.read = true;
  }

  /** Show the waiting notifications. */
  showWaiting() {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    if (waiting.length > MOST_WAITING) this.#onTooMany();
    else waiting.forEach((notification) => this.insert(notification));
    for (; this.#rows.size > MOST_ROWS; byId("older").hidden = false) this.#remove(this.oldest);
    this.#drawWaiting();
  }

  removeAll(matches) {
    for (const id of [...this.#rows.keys()]) if (matches(id)) this.#remove(id);
    for (const id of [...this.#waiting.keys()]) if (matches(id)) this.#waiting.delete(id);
    this.#drawWaiting();
  }

  drawTimes() {
    for (const row of this.#rows.values()) row.drawTime();
  }

  focus(id) {
    this.#rows.get(id)?.element.focus();
  }

  #showOnClick() {
    const newest = Math.max(...this.#waiting.keys());
    this.showWaiting();
    this.focus(newest);
  }

  /** Wait a moment: when the pointer leaves the rows for the button, neither should change on the way. */
  #showWhenIdle() {
    if (this.#waiting.size === 0) return;
    this.#idleTimer ??= setTimeout(() => {
      this.#idleTimer = undefined;
      if (!isBusy()) this.showWaiting();
    }, IDLE_MS);
  }

  #drawWaiting() {
    const count = this.#waiting.size;
    byId("new-count").textContent = count > MOST_WAITING ? `${MOST_WAITING}+ new` : `${count} new`;
    moveFocus(count ? { from: byId("reload-inbox"), to: byId("show-new") } : { from: byId("show-new"), to: byId("inbox-title") });
    byId("show-new").hidden = count === 0;
    byId("reload-inbox").hidden = count > 0;
    this.#drawEmpty();
  }

  /** Show that the inbox is empty. While rows wait, hide the text but keep its space, so that nothing else moves. */
  #drawEmpty() {
    byId("no-inbox").hidden = this.#rows.size > 0;
    byId("no-inbox").style.visibility = this.#waiting.size > 0 ? "hidden" : "visible";
  }

  #firstOlderThan(id) {
    const older = [...this.#rows.keys()].filter((other) => other < id);
    return older.length ? this.#rows.get(Math.max(...older)).element : null;
  }

  #remove(id) {
    const { element } = this.#rows.get(id);
    moveFocus({ from: element, to: byId("inbox-title") });
    element.remove();
    this.#rows.delete(id);
    this.#drawEmpty();
  }
}

/** Return whether the user works with something that a new row would move, or has scrolled down. */
function isBusy() {
  const area = byId("inbox-area").getBoundingClientRect();
  const others = byId("others");
  const isAt = (place) => place.matches(":hover, :focus-within");
  if (area.top < 0 || isAt(byId("inbox-area")) || isAt(byId("show-new"))) return true;
  return others.getBoundingClientRect().top >= area.bottom && isAt(others);
}
