/** Says what was done, and takes it back for ten seconds. */

import { button, element, moveFocus } from "./elements.js";

const MS = 10_000;

export class UndoBar {
  #text = element("span", { role: "status" });
  #title;
  #timer;
  #undo = null;

  /** `title()` gets the focus when the bar goes. */
  constructor(words, title) {
    this.#title = title;
    const undo = button({ className: "undo-button", textContent: words.undo, onclick: () => this.#takeBack() });
    this.element = element("div", { className: "undo", hidden: true }, this.#text, undo);
    for (const event of ["pointerenter", "focusin"]) this.element.addEventListener(event, () => clearTimeout(this.#timer));
    for (const event of ["pointerleave", "focusout"]) this.element.addEventListener(event, () => this.#hideLater());
  }

  show(text, undo) {
    this.#undo = undo;
    this.element.hidden = false;
    this.#text.textContent = text;
    this.#hideLater();
  }

  hide() {
    clearTimeout(this.#timer);
    moveFocus({ from: this.element, to: this.#title() });
    this.element.hidden = true;
    this.#text.textContent = "";
  }

  #hideLater() {
    clearTimeout(this.#timer);
    if (!this.element.hidden) this.#timer = setTimeout(() => this.hide(), MS);
  }

  #takeBack() {
    this.hide();
    this.#undo();
  }
}
