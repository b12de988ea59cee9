/** Shows the settings or the requests in place of the home, by the address of the page: #settings, #requests. */

import { byId, element } from "./elements.js";
import { word } from "./words.js";

const NAMES = ["settings", "requests"];

export class Views {
  #page;
  #shown = null; // the name of the view, or null for the home
  #homeTop = 0; // where the reader was
  #failures = 0;

  /** `page` is what settings/settings.js wants. */
  constructor(page) {
    this.#page = page;
    window.addEventListener("hashchange", () => this.#page.api.session.user && this.show());
  }

  /** Show what the address names, for the user who is logged in. */
  show() {
    const name = NAMES.find((each) => location.hash === `#${each}`) ?? null;
    if (name === this.#shown) return;
    if (this.#shown === null) this.#homeTop = window.scrollY;
    this.#shown = name;
    byId("home").hidden = name !== null;
    byId("view").hidden = name === null;
    byId("view").replaceChildren();
    if (name === null) this.#showHome();
    else this.#open(name);
  }

  clear() {
    this.#shown = null;
    this.#homeTop = 0;
    byId("view").hidden = true;
    byId("view").replaceChildren();
  }

  #showHome() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target) target.scrollIntoView();
    else window.scrollTo(0, this.#homeTop);
    byId("inbox-title")?.focus({ preventScroll: true });
  }

  /** A browser may remember that it could not load an address, so each attempt uses another one. */
  async #open(name) {
    window.scrollTo(0, 0);
    const { settings } = document.body.dataset;
    try {
      const { open } = await import(this.#failures ? `${settings}?try=${this.#failures}` : settings);
      if (this.#shown !== name) return;
      const { element: made, title } = open(name, this.#page);
      byId("view").replaceChildren(made);
      title.focus({ preventScroll: true });
    } catch {
      this.#failures += 1;
      if (this.#shown === name) this.#offerRetry(name);
    }
  }

  #offerRetry(name) {
    const text = element("p", { role: "alert", textContent: word("error_unreachable") });
    const retry = element("button", { type: "button", textContent: word("try_again"), onclick: () => this.#open(name) });
    const home = element("a", { href: "#", textContent: word("back") });
    byId("view").replaceChildren(element("div", { className: "card" }, text, element("p", { className: "row" }, retry, home)));
  }
}
