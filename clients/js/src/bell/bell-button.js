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

  /** The badge counts what nobody has seen; where the server does not know that, what is unread. */
  draw({ unread, unseen, hasStates }) {
    const count = this.#words.unread(unread);
    const shown = hasStates ? unseen : unread;
    this.#badge.textContent = shown > 99 ? "99+" : shown;
    this.#badge.hidden = shown === 0;
    // What is heard has what is seen in it.
    const more = shown > 0 && shown !== unread ? [this.#words.unseen(shown)] : [];
    this.element.setAttribute("aria-label", [this.#words.title, count, ...more].join(", "));
    if (this.status.textContent !== count) this.status.textContent = count;
  }
}
