/** The keys of the list, and a dialog that shows them. */

import { button, element } from "./elements.js";

const FIELDS = "input, textarea, select, [contenteditable], dialog, [role=tab], [role=menu]";

export class Keys {
  #actions;

  /** `actions` are functions by key: j, k, e, u. */
  constructor(words, actions) {
    this.#actions = { ...actions, "?": () => this.showHelp() };
    const rows = Object.entries(words.keys).flatMap(([key, what]) => [
      element("dt", {}, element("kbd", { textContent: key })),
      element("dd", { textContent: what }),
    ]);
    const close = button({ className: "undo-button", textContent: words.close, onclick: () => this.help.close() });
    this.help = element("dialog", { className: "help" }, element("h2", { textContent: words.shortcuts }), element("dl", {}, ...rows), close);
    this.help.ariaLabel = words.shortcuts;
  }

  showHelp() {
    if (!this.help.open) this.help.showModal();
  }

  /** What is typed into a field, or with another key, is not for the list. */
  take(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const [target] = event.composedPath();
    if (target.closest?.(FIELDS) || !Object.hasOwn(this.#actions, event.key)) return;
    event.preventDefault();
    this.#actions[event.key]();
  }
}
