/** The notifications of one day, below a heading that stays in view. */

import { element } from "./elements.js";

let made = 0; // for ids that are unique in the page

export class Day {
  key;
  #heading;
  #feed = element("div", { className: "rows" });
  #last = null; // the row that was placed last

  constructor(key) {
    this.key = key;
    this.#heading = element("h3", { id: `push-day-${++made}` });
    this.#feed.setAttribute("role", "feed");
    this.#feed.setAttribute("aria-labelledby", this.#heading.id);
    this.element = element("section", { className: "day" }, this.#heading, this.#feed);
  }

  get isEmpty() {
    return this.#feed.childElementCount === 0;
  }

  drawHeading(times) {
    const heading = times.day(new Date(this.key));
    if (this.#heading.textContent !== heading) this.#heading.textContent = heading;
  }

  /** Begin to place its rows, in their order. A row that is in its place does not move. */
  begin() {
    this.#last = null;
  }

  put(row) {
    const next = this.#last === null ? this.#feed.firstElementChild : this.#last.nextElementSibling;
    if (next !== row.element) this.#feed.insertBefore(row.element, next);
    this.#last = row.element;
  }
}
