/** The panel below the bell: the inbox, and what is wrong with the connection. */

import { element, iconButton } from "../list/elements.js";
import { ICONS } from "../list/icons.js";
import { InboxView } from "../list/inbox-view.js";

const MARGIN = 8; // px, to the edge of the window

export class Panel {
  #inbox;
  #words;
  #view;
  #note = element("p", { className: "note", role: "status" });

  /** `view` has the options of InboxView. */
  constructor(inbox, words, { onClose, ...view }) {
    this.#inbox = inbox;
    this.#words = words;
    const close = iconButton(ICONS.close, words.close, { className: "icon close", onclick: onClose });
    this.element = element("div", { id: "panel", className: "panel", hidden: true });
    this.#view = new InboxView(inbox, { ...view, words, scroller: this.element });
    this.#view.head.append(close);
    // Who goes to the settings, or to the requests, of the same page has the panel out of the way.
    this.element.addEventListener("click", ({ target }) => target.closest("a[href].settings, a[href].requests-line") && onClose());
    this.element.append(this.#view.element);
    this.#view.head.after(this.#note);
    this.element.setAttribute("role", "dialog");
    this.element.setAttribute("part", "panel");
    this.element.setAttribute("aria-labelledby", "title");
  }

  destroy() {
    this.#view.destroy();
  }

  /** Move the panel into the window, at whichever side of the page the bell is. */
  place() {
    this.element.style.translate = "";
    const { left, right } = this.element.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    if (left < 0) this.element.style.translate = `${MARGIN - left}px`;
    else if (right > width) this.element.style.translate = `${width - MARGIN - right}px`;
  }

  /** Draw the list, which is not drawn while the panel is hidden, and give it the focus. */
  show() {
    this.#view.show();
    this.#view.title.focus();
  }

  draw({ connection, status }) {
    const note = this.#noteOf(connection, status);
    if (this.#note.textContent !== note) this.#note.textContent = note;
  }

  #noteOf(connection, status) {
    if (connection === "logged-out") return this.#words.loggedOut;
    if (status === "failed") return this.#words.failed;
    return connection === "offline" ? this.#words.offline : "";
  }
}
