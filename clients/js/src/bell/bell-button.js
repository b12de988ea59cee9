/** The bell itself, with the number of unread notifications. */

import { bellIcon, button, element } from "./elements.js";

export class BellButton {
  #labels;
  #badge = element("span", { className: "badge", hidden: true });

  constructor(labels, onclick) {
    this.#labels = labels;
    this.#badge.setAttribute("aria-hidden", "true");
    this.element = button({ className: "bell", onclick }, bellIcon(), this.#badge);
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
    const count = this.#labels.unread(unread);
    this.#badge.textContent = unread > 99 ? "99+" : unread;
    this.#badge.hidden = unread === 0;
    this.element.setAttribute("aria-label", `${this.#labels.title}, ${count}`);
    if (this.status.textContent !== count) this.status.textContent = count;
  }
}
