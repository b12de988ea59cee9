/** One notification of the inbox. It keeps its elements while it is shown. Only their content changes. */

import { avatar, button, element, moveFocus, written } from "./elements.js";
import { describe } from "./events.js";
import { ago } from "./time.js";

export class InboxRow {
  #time;
  #button;

  constructor({ id, event, data, created_at: createdAt, read }, onRead) {
    const name = data.user_name || "Somebody";
    const what = describe(event, data);
    const date = new Date(createdAt * 1000);
    this.#time = element("time", { dateTime: date.toISOString(), title: date.toLocaleString() });
    this.#button = button("Mark read", { about: [": ", written(name), " ", written(what)], onclick: () => onRead(id) });
    const text = element("span", { className: "grow" }, element("strong", {}, written(name)), " ", written(what), this.#time);
    const done = element("span", { className: "done", textContent: "Read" });
    const state = element("span", { className: "state" }, this.#button, done);
    this.element = element("li", { className: "unread", tabIndex: -1 }, avatar(name, data.user_photo), text, state);
    this.drawTime();
    if (read) this.markRead();
  }

  get isRead() {
    return this.element.className === "read";
  }

  /** Show that it is read. It never becomes unread again: an answer that says so is older. */
  markRead() {
    moveFocus({ from: this.#button, to: this.element });
    this.element.className = "read";
  }

  drawTime() {
    this.#time.textContent = ago(new Date(this.#time.dateTime));
  }
}
