/** A small menu below a button. The browser closes it with a click elsewhere or Escape, and gives the focus back. */

import { button, element, icon, iconButton } from "./elements.js";
import { ICONS } from "./icons.js";

const GAP = 4; // px
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

let made = 0; // for ids that are unique in the page

export class Menu {
  #button = null;

  constructor() {
    this.element = element("div", { className: "menu", id: `push-menu-${++made}`, popover: "auto" });
    this.element.setAttribute("role", "menu");
    this.element.addEventListener("toggle", ({ newState }) => this.#toggled(newState === "open"));
    this.element.addEventListener("keydown", (event) => this.#takeKey(event));
  }

  /** Return a button that opens it with `entries()`: [{icon, label, act}]. */
  createButton(label, entries) {
    const opener = iconButton(ICONS.more, label, { className: "icon more-actions", onclick: () => this.#fill(opener, entries()) });
    opener.setAttribute("aria-haspopup", "menu");
    opener.setAttribute("aria-expanded", "false");
    opener.popoverTargetElement = this.element; // a click closes it as well
    return opener;
  }

  /** Close it, because its button moves or goes. */
  close() {
    if (this.#button) this.element.hidePopover();
  }

  #fill(opener, entries) {
    if (this.#button === opener) return; // this click closes it
    this.element.replaceChildren(...entries.map((entry) => this.#itemOf(entry)));
    this.element.ariaLabel = opener.title;
    this.#place(opener.getBoundingClientRect());
    this.#button = opener;
  }

  #itemOf({ icon: path, label, act }) {
    const item = button({ className: "menu-item", tabIndex: -1, onclick: () => (this.element.hidePopover(), act()) }, icon(path), label);
    item.setAttribute("role", "menuitem");
    return item;
  }

  /** To where there is more room, from the edge of the button that is nearer to that of the window. */
  #place({ left, right, top, bottom }) {
    const { innerWidth: width, innerHeight: height } = window;
    const isBelow = bottom < height / 2;
    const isAtEnd = right > width / 2;
    const edges = { top: isBelow ? bottom + GAP : null, bottom: isBelow ? null : height - top + GAP };
    Object.assign(edges, { left: isAtEnd ? null : left, right: isAtEnd ? document.documentElement.clientWidth - right : null });
    for (const [edge, place] of Object.entries(edges)) this.element.style[edge] = place === null ? "auto" : `${place}px`;
  }

  #toggled(isOpen) {
    this.#button?.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.element.firstElementChild?.focus();
    else this.#button = null;
  }

  #takeKey(event) {
    const { key } = event;
    event.stopPropagation(); // these keys are not for the list, or for the panel
    if (key === "Tab") this.element.hidePopover();
    const items = [...this.element.children];
    const places = { Home: 0, End: items.length - 1 };
    const at = items.indexOf(this.element.getRootNode().activeElement);
    const next = places[key] ?? (STEPS[key] && (at + STEPS[key] + items.length) % items.length);
    if (next === undefined) return;
    event.preventDefault();
    items[next].focus();
  }
}
