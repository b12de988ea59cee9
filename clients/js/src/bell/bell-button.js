/** The bell itself, with the number of unread notifications. */

import { button, element, icon } from "../list/elements.js";
import { ICONS } from "../list/icons.js";

export class BellButton {
  #words;
  #badge = element("span", { className: "badge", hidden: true });

  constructor(words, onclick) {
    this.#words = words;
    this.#badge.setAttribute("aria-hidden", "true");
    this.element = button({ className: "bell", onclick }, icon(ICONS.bell), this.#badge);
    this.element.setAttribute("part", "bell");
    this.element.setAttribute("aria-haspopup", "dialog");
    this.element.setAttribute("aria-controls", "panel");
    this.expand(false);
    /** Tells screen readers when the number changes. */
    this.status = element("span", { className: "unseen", role: "status" });
  }

  expand(isOpen) {
    this.element.setAttribute("aria-expanded", String(isOpen));
  }

  draw(unread) {
    const count = this.#words.unread(unread);
    this.#badge.textContent = unread > 99 ? "99+" : unread;
    this.#badge.hidden = unread === 0;
    this.element.setAttribute("aria-label", `${this.#words.title}, ${count}`);
    if (this.status.textContent !== count) this.status.textContent = count;
  }
}
