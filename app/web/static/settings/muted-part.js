/** The people whom the reader has muted. All of them come with the preferences: nobody is asked for alone. */

import { avatar, button, element, moveFocus, written } from "../elements.js";
import { word } from "../words.js";
import { mutedOf, withoutMuted } from "./choices.js";
import { section } from "./view.js";

const STEP = 20;

export class MutedPart {
  #part = section("muted", word("muted_people"), word("muted_people_hint"));
  #change;
  #told;
  #rows = new Map(); // by id
  #most = STEP;
  #list = element("ul", { className: "people" });
  #nobody = element("p", { className: "faint", textContent: word("muted_nobody") });
  #more = button(word("show_more"), { onclick: () => this.#showMore() });

  constructor(change) {
    this.#change = (made) => change(this.#part, made);
    this.#part.wrong.before(this.#nobody, this.#list, this.#more);
    this.element = this.#part.element;
  }

  draw(told) {
    this.#told = told;
    const people = mutedOf(told);
    const shown = new Map(people.slice(0, this.#most).map((person) => [person.id, person]));
    for (const [id, row] of this.#rows) if (!shown.has(id)) this.#remove(id, row);
    for (const [id, person] of shown) if (!this.#rows.has(id)) this.#rows.set(id, this.#rowOf(person));
    // One that comes back, because it could not be unmuted, has its old place again.
    [...shown.keys()].forEach((id, place) => {
      const row = this.#rows.get(id);
      if (this.#list.children[place] !== row) this.#list.insertBefore(row, this.#list.children[place] ?? null);
    });
    this.#nobody.hidden = people.length > 0;
    this.#more.hidden = people.length <= this.#most;
  }

  #rowOf({ id, name, photo }) {
    const shown = name || word("somebody");
    const unmute = button(word("unmute"), { about: [written(shown)], onclick: () => this.#unmute(id) });
    return element("li", {}, avatar(shown, photo), element("strong", { className: "grow" }, written(shown)), unmute);
  }

  #remove(id, row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    moveFocus({ from: row, to: next?.querySelector("button") ?? this.#part.title });
    row.remove();
    this.#rows.delete(id);
  }

  #unmute(id) {
    const path = `/user/preferences/muted/${encodeURIComponent(id)}`;
    this.#change({ method: "DELETE", path, apply: (told) => withoutMuted(told, id) });
  }

  #showMore() {
    this.#most += STEP;
    this.draw(this.#told);
  }
}
