/** Grey rows in place of those that are being read. */

import { element } from "./elements.js";

const ROWS = 4;

export class Skeletons {
  constructor() {
    this.element = element("div", { className: "skeletons", hidden: true });
    this.element.setAttribute("aria-hidden", "true");
    for (let row = 0; row < ROWS; row++) this.element.append(element("div", {}, element("i"), element("b"), element("b")));
  }

  show(isShown) {
    this.element.hidden = !isShown;
  }
}
