/** One notification in the bell's panel. It keeps its elements, and the focus, while its content changes. */

import { button, element } from "./elements.js";
import { linkOf, textOf } from "./texts.js";

export class Row {
  #text = element("div", { className: "text" });
  #time = element("time");
  #button;
  #shown = "";
  #read;

  constructor(item, labels, onRead) {
    this.#read = () => this.element.className === "unread" && onRead(item.id);
    this.#button = button({ textContent: labels.markRead, onclick: this.#read });
    const date = new Date(item.created_at * 1000);
    if (!Number.isNaN(date.getTime())) {
      Object.assign(this.#time, { dateTime: date.toISOString(), textContent: date.toLocaleString() });
    }
    this.element = element("li", { tabIndex: -1 }, this.#text, this.#button);
    this.draw(item);
  }

  draw(item) {
    this.#write(textOf(item), linkOf(item, document.baseURI));
    if (item.read && this.element.getRootNode().activeElement === this.#button) this.element.focus();
    this.#button.hidden = item.read;
    this.element.className = item.read ? "read" : "unread";
  }

  #write(text, link) {
    const shown = JSON.stringify([text, link]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const written = link === null ? element("span") : element("a", { href: link, onclick: this.#read });
    // A name in another direction must not change the order of what stands beside it.
    Object.assign(written, { dir: "auto", textContent: text });
    this.#text.replaceChildren(written, this.#time);
    this.#button.setAttribute("aria-label", `${this.#button.textContent}: ${text}`);
  }
}
