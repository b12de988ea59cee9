/** People to follow: search, pages, follow and unfollow. */

import { avatar, button, byId, element } from "./elements.js";

const PER_PAGE = 10;
const TYPING_MS = 300;

export class People {
  #api;
  #report;
  #query = "";
  #page = 1;
  #readings = 0;

  constructor(api, report) {
    this.#api = api;
    this.#report = report;
    let typing;
    const search = () => {
      clearTimeout(typing);
      this.#query = byId("q").value.trim();
      this.show(1);
    };
    byId("search").addEventListener("submit", (event) => (event.preventDefault(), search()));
    byId("q").addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(search, TYPING_MS);
    });
    byId("previous-people").onclick = () => this.show(this.#page - 1);
    byId("next-people").onclick = () => this.show(this.#page + 1);
  }

  clear() {
    this.#readings += 1;
    this.#query = byId("q").value = "";
    byId("people").replaceChildren();
  }

  /** Show one page of those whose name holds what is searched for. */
  async show(page = 1) {
    const reading = ++this.#readings;
    try {
      const query = new URLSearchParams({ q: this.#query, page, per_page: PER_PAGE });
      const { total_count: total, results } = await this.#api.call("GET", `/users?${query}`);
      const others = results.filter(({ id }) => id !== this.#api.session?.user.id);
      const people = await Promise.all(others.map(({ id }) => this.#api.call("GET", `/users/${id}`)));
      // The answer to an earlier search may come after that to a later one.
      if (reading === this.#readings) this.#draw(page, total, people);
    } catch (error) {
      if (reading === this.#readings) this.#report(error);
    }
  }

  #draw(page, total, people) {
    const pages = Math.max(1, Math.ceil(total / PER_PAGE));
    this.#page = page;
    byId("people").replaceChildren(...people.map((person) => this.#row(person)));
    byId("no-people").hidden = people.length > 0;
    byId("people-pages").hidden = pages === 1;
    byId("people-page").textContent = `Page ${page} of ${pages}`;
    byId("previous-people").disabled = page <= 1;
    byId("next-people").disabled = page >= pages;
  }

  #row(person) {
    const name = element("strong", { textContent: person.name });
    const about = element("small", { textContent: describe(person) });
    const text = element("span", { className: "grow" }, name, about);
    if (person.introduction) text.append(element("small", { textContent: person.introduction, className: "one-line" }));
    const row = element("li", {}, avatar(person.name, person.photo), text, this.#followButton(person, about));
    row.classList.toggle("online", person.online);
    return row;
  }

  #followButton(person, about) {
    const made = button("", { onclick: () => this.#turn(person, draw) });
    const draw = () => {
      made.textContent = person.is_following ? "Unfollow" : "Follow";
      made.className = person.is_following ? "quiet" : "";
      made.setAttribute("aria-label", `${made.textContent} ${person.name}`);
      about.textContent = describe(person);
    };
    draw();
    return made;
  }

  async #turn(person, draw) {
    if (person.isTurning) return;
    person.isTurning = true;
    try {
      if (person.is_following) await this.#api.call("DELETE", `/user/followings/${person.id}`);
      else await this.#api.call("POST", "/user/followings", { target: person.id });
      person.is_following = !person.is_following;
      person.fans_count += person.is_following ? 1 : -1;
      draw();
    } catch (error) {
      this.#report(error);
    } finally {
      person.isTurning = false;
    }
  }
}

function describe({ fans_count: fans, online }) {
  return `${fans === 1 ? "1 follower" : `${fans} followers`}${online ? " · online" : ""}`;
}
