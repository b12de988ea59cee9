/**
 * The notifications of one day, below a heading that stays in view. Its rows are in blocks: browsers neither lay out nor draw
 * a block that is far from what is in view, so a long list costs no more than a short one. None of them is empty. The first
 * block of each of the first four days, whose rows slide when others come, is always laid out: for browsers, rows in one that
 * can be skipped would jump, not slide.
 */

import { element } from "./elements.js";

const BLOCK = 20; // rows; those that come above others may make one larger
const ROW_HEIGHT = 65; // px

let made = 0; // for ids that are unique in the page

export class Day {
  key;
  #heading;
  #feed = element("div", { className: "rows" });

  constructor(key) {
    this.key = key;
    this.#heading = element("h3", { id: `push-day-${++made}` });
    this.#feed.setAttribute("role", "feed");
    this.#feed.setAttribute("aria-labelledby", this.#heading.id);
    this.element = element("section", { className: "day" }, this.#heading, this.#feed);
  }

  drawHeading(times) {
    const heading = times.day(new Date(this.key));
    if (this.#heading.textContent !== heading) this.#heading.textContent = heading;
  }

  /** Show these rows, in their order. A row that is in its place does not move. */
  show(rows) {
    let last = null;
    for (const { element: row } of rows) {
      if (row !== this.#after(last)) this.#insert(row, last);
      last = row;
    }
    for (const block of this.#feed.children) {
      block.style.containIntrinsicHeight = `auto ${ROW_HEIGHT * block.childElementCount}px`; // until it was laid out
    }
    rows.forEach((row, place) => row.place(place + 1, rows.length));
  }

  /** Return the row after this one, or the first; nothing if there is none. */
  #after(row) {
    if (row === null) return this.#feed.firstElementChild?.firstElementChild;
    return row.nextElementSibling ?? row.parentElement.nextElementSibling?.firstElementChild;
  }

  #insert(row, last) {
    takeOut(row);
    const block = last?.parentElement ?? this.#feed.firstElementChild;
    if (block === null || (last === block.lastElementChild && block.childElementCount >= BLOCK)) {
      this.#feed.insertBefore(element("div", { className: "block" }, row), block?.nextSibling);
    } else if (last === null) block.prepend(row);
    else last.after(row);
  }
}

/** Take a row out of its day. */
export function takeOut(row) {
  const block = row.parentElement;
  row.remove();
  if (block?.childElementCount === 0) block.remove();
}
