/** Chooses between all, unread and archived notifications. */

import { button, element, icon } from "./elements.js";
import { ICONS } from "./icons.js";

const STATES = ["all", "unread", "archived"];
const PICTURES = { all: ICONS.inbox, unread: ICONS.dot, archived: ICONS.archive }; // on phones
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

let made = 0; // for ids that are unique in the page

export class Tabs {
  chosen = "all";
  #words;
  #onChoose;
  #tabs = new Map(); // by state

  /** `onChoose(state)` is called when another one is chosen. `panel` is what they show. */
  constructor(words, panel, onChoose) {
    this.#words = words;
    this.#onChoose = onChoose;
    panel.id ||= `push-list-${++made}`;
    this.element = element("div", { className: "tabs", role: "tablist" });
    this.element.ariaLabel = words.show;
    for (const state of STATES) this.#make(state, panel);
    this.element.addEventListener("keydown", (event) => this.#step(event));
    this.#draw();
  }

  /** Show how many there are of each, if that is known. */
  drawCounts(counts) {
    for (const [state, tab] of this.#tabs) {
      const count = counts?.[state] ?? 0;
      const shown = count >= 1000 ? "999+" : String(count);
      tab.lastElementChild.hidden = count === 0;
      if (tab.lastElementChild.textContent !== shown) tab.lastElementChild.textContent = shown;
    }
  }

  #make(state, panel) {
    const count = element("span", { className: "number", hidden: true });
    const tab = button({ role: "tab", onclick: () => this.#choose(state) }, icon(PICTURES[state]), `${this.#words.tabs[state]} `, count);
    tab.setAttribute("aria-controls", panel.id);
    this.#tabs.set(state, tab);
    this.element.append(tab);
  }

  #choose(state) {
    if (state === this.chosen) return;
    this.chosen = state;
    this.#draw();
    this.#onChoose(state);
  }

  #draw() {
    for (const [state, tab] of this.#tabs) {
      tab.setAttribute("aria-selected", state === this.chosen);
      tab.tabIndex = state === this.chosen ? 0 : -1;
    }
  }

  #step({ key }) {
    const step = STEPS[key];
    if (step === undefined) return;
    const next = STATES[(STATES.indexOf(this.chosen) + step + STATES.length) % STATES.length];
    this.#choose(next);
    this.#tabs.get(next).focus();
  }
}
