/** The people whom the reader has muted, or let in. All of them come with the preferences: nobody is asked for alone. */

import { avatar, button, element, moveFocus, written } from "../elements.js";
import { word } from "../words.js";
import { peopleOf, withoutPerson } from "./choices.js";
import { section } from "./view.js";

const STEP = 20;

class PeoplePart {
  #field;
  #part;
  #takeBack; // the words of the button
  #change;
  #told;
  #rows = new Map(); // by id
  #most = STEP;
  #list = element("ul", { className: "people" });
  #nobody;
  #more = button(word("show_more"), { onclick: () => this.#showMore() });

  /** `field` is that of the preferences. */
  constructor(field, { title, hint, nobody, takeBack }, change) {
    this.#field = field;
    this.#part = section(field, title, hint);
    this.#nobody = element("p", { className: "faint", textContent: nobody });
    this.#takeBack = takeBack;
    this.#change = (made) => change(this.#part, made);
    this.#part.wrong.before(this.#nobody, this.#list, this.#more);
    this.element = this.#part.element;
  }

  draw(told) {
    this.#told = told;
    const people = peopleOf(told, this.#field);
    const shown = new Map(people.slice(0, this.#most).map((person) => [person.id, person]));
    for (const [id, row] of this.#rows) if (!shown.has(id)) this.#remove(id, row);
    for (const [id, person] of shown) if (!this.#rows.has(id)) this.#rows.set(id, this.#rowOf(person));
    // One that comes back, because it could not be taken back, has its old place again.
    [...shown.keys()].forEach((id, place) => {
      const row = this.#rows.get(id);
      if (this.#list.children[place] !== row) this.#list.insertBefore(row, this.#list.children[place] ?? null);
    });
    this.#nobody.hidden = people.length > 0;
    this.#more.hidden = people.length <= this.#most;
  }

  #rowOf({ id, name, photo }) {
    const shown = name || word("somebody");
    const takeBack = button(this.#takeBack, { about: [written(shown)], onclick: () => this.#drop(id) });
    return element("li", {}, avatar(shown, photo), element("strong", { className: "grow" }, written(shown)), takeBack);
  }

  #remove(id, row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    moveFocus({ from: row, to: next?.querySelector("button") ?? this.#part.title });
    row.remove();
    this.#rows.delete(id);
  }

  #drop(id) {
    const path = `/user/preferences/${this.#field}/${encodeURIComponent(id)}`;
    this.#change({ method: "DELETE", path, apply: (told) => withoutPerson(told, this.#field, id) });
  }

  #showMore() {
    this.#most += STEP;
    this.draw(this.#told);
  }
}

export class MutedPart extends PeoplePart {
  constructor(change) {
    const words = { title: word("muted_people"), hint: word("muted_people_hint"), nobody: word("muted_nobody"), takeBack: word("unmute") };
    super("muted", words, change);
  }
}

export class AcceptedPart extends PeoplePart {
  constructor(change) {
    const [title, hint] = [word("accepted_people"), word("accepted_people_hint")];
    super("accepted", { title, hint, nobody: word("accepted_nobody"), takeBack: word("take_back") }, change);
  }
}
