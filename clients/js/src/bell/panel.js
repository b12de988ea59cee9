/** The panel below the bell: the newest notifications. */

import { button, element } from "./elements.js";
import { Row } from "./row.js";

export class Panel {
  #inbox;
  #labels;
  #rows = new Map(); // by id
  #title;
  #list = element("ul");
  #note = element("p", { role: "status" });
  #readAll;
  #more;

  constructor(inbox, labels) {
    this.#inbox = inbox;
    this.#labels = labels;
    this.#title = element("h2", { id: "title", tabIndex: -1, textContent: labels.title });
    this.#readAll = button({ textContent: labels.markAllRead, onclick: () => attempt(inbox.markAllRead()) });
    this.#more = button({ textContent: labels.more, onclick: () => inbox.loadMore() });
    const head = element("div", { className: "head" }, this.#title, this.#readAll);
    this.element = element("div", { id: "panel", className: "panel", hidden: true }, head, this.#note, this.#list, this.#more);
    this.element.setAttribute("role", "dialog");
    this.element.setAttribute("part", "panel");
    this.element.setAttribute("aria-labelledby", "title");
  }

  focus() {
    this.#title.focus();
  }

  draw({ items, unread, hasMore, connection, status }) {
    this.#hide(this.#readAll, unread === 0);
    this.#hide(this.#more, !hasMore);
    this.#note.textContent = this.#noteOf(connection, status, items.length);
    const shown = new Set(items.map(({ id }) => id));
    for (const [id, row] of this.#rows) if (!shown.has(id)) this.#remove(id, row);
    items.forEach((item, place) => this.#put(item, place));
  }

  #put(item, place) {
    const known = this.#rows.get(item.id);
    if (known) return known.draw(item);
    const row = new Row(item, this.#labels, (id) => attempt(this.#inbox.markRead([id])));
    this.#rows.set(item.id, row);
    // Those before it are in their places already, and no other row moves.
    this.#list.insertBefore(row.element, this.#list.children[place] ?? null);
  }

  #remove(id, row) {
    this.#moveFocusFrom(row.element);
    row.element.remove();
    this.#rows.delete(id);
  }

  #hide(made, isHidden) {
    if (isHidden) this.#moveFocusFrom(made);
    made.hidden = isHidden;
  }

  /** With a focus outside of the panel, Escape would not close it. */
  #moveFocusFrom(place) {
    if (place.contains(this.element.getRootNode().activeElement)) this.focus();
  }

  #noteOf(connection, status, count) {
    if (connection === "logged-out") return this.#labels.loggedOut;
    if (status === "failed") return this.#labels.failed;
    if (connection === "offline") return this.#labels.offline;
    return status === "ready" && count === 0 ? this.#labels.empty : "";
  }
}

/** The store takes back what failed, so the row shows it. */
function attempt(marking) {
  marking.catch(() => {});
}
