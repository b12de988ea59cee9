/** One person to follow. The row keeps its elements while it is shown. Only their content changes. */

import { avatar, button, element, unseen, written } from "./elements.js";
import { word } from "./words.js";

export class PersonRow {
  person = {};
  isBusy = false; // a request is running
  element = element("li");
  #name = element("strong");
  #about = element("small");
  #introduction = element("small", { className: "one-line" });
  #button;

  constructor(onToggle) {
    const text = element("span", { className: "grow" }, this.#name, this.#about, this.#introduction);
    this.#button = button("", { onclick: () => onToggle(this) });
    this.element.append(avatar("", null), text, this.#button);
  }

  draw(person) {
    const { name, photo, introduction, online, is_following: isFollowing, fans_count: fans } = person;
    if (name !== this.person.name || photo !== this.person.photo) this.element.firstElementChild.replaceWith(avatar(name, photo));
    this.person = person;
    this.element.classList.toggle("online", online);
    this.#name.replaceChildren(written(name));
    this.#about.textContent = [word("followers", { count: fans }), ...(online ? [word("online")] : [])].join(" · ");
    this.#introduction.replaceChildren(written(introduction ?? ""));
    this.#introduction.hidden = !introduction;
    this.#button.replaceChildren(`${word(isFollowing ? "unfollow" : "follow")} `, unseen(written(name)));
    this.#button.className = isFollowing ? "quiet" : "";
  }
}
