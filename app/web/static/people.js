/** People to follow: search, pages, follow and unfollow. */

import { byId, moveFocus, switchOff } from "./elements.js";
import { PersonRow } from "./person-row.js";
import { word } from "./words.js";

const PER_PAGE = 10;
const TYPING_MS = 300;

export class People {
  #api;
  #report;
  #onFollowed;
  #query = "";
  #page = 1;
  #rows = new Map(); // by id
  #readings = 0;
  #hasFailed = false;

  /** `onFollowed(id, isFollowed)` is called with each change that is made here. */
  constructor(api, report, onFollowed) {
    this.#api = api;
    this.#report = report;
    this.#onFollowed = onFollowed;
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
    this.#draw(1, 0, []);
    byId("no-people").hidden = true;
  }

  /** Show one page of the people whose name contains the search text. */
  async show(page = 1) {
    const reading = ++this.#readings;
    try {
      const query = new URLSearchParams({ q: this.#query, page, per_page: PER_PAGE });
      const { total_count: total, results } = await this.#api.call("GET", `/users?${query}`);
      // The answer to an earlier search may arrive after the answer to a later one.
      if (reading === this.#readings) this.#draw(page, total, results);
      this.#hasFailed = false;
    } catch (error) {
      if (reading === this.#readings) this.#fail(error);
    }
  }

  /** Try again to show a page that could not be read. */
  async showWhatFailed() {
    if (this.#hasFailed) await this.show(this.#page);
  }

  /** Show the same page again, because somebody was followed elsewhere. */
  showAgain() {
    return this.show(this.#page);
  }

  #fail(error) {
    this.#hasFailed = true;
    this.#report(error);
  }

  #draw(page, total, results) {
    const others = results.filter(({ id }) => id !== this.#api.session.user?.id);
    const pages = Math.max(1, Math.ceil(total / PER_PAGE));
    this.#page = page;
    this.#drawRows(others);
    byId("no-people").hidden = others.length > 0;
    byId("people-pages").hidden = pages === 1;
    byId("people-page").textContent = word("page_of", { page, pages });
    switchOff(byId("previous-people"), page <= 1);
    switchOff(byId("next-people"), page >= pages);
  }

  /** A person who is already shown keeps the row, and so the focus. */
  #drawRows(people) {
    const known = this.#rows;
    this.#rows = new Map(people.map(({ id }) => [id, known.get(id) ?? new PersonRow((row) => this.#toggle(row))]));
    for (const [id, row] of known) if (!this.#rows.has(id)) remove(row.element);
    people.forEach((person, index) => {
      const row = this.#rows.get(person.id);
      const inPlace = byId("people").children[index] ?? null;
      row.draw(person);
      if (inPlace !== row.element) byId("people").insertBefore(row.element, inPlace);
    });
  }

  /** Follow or unfollow. */
  async #toggle(row) {
    if (row.isBusy) return;
    row.isBusy = true;
    const { id, is_following: isFollowing, fans_count: fans } = row.person;
    try {
      if (isFollowing) await this.#api.call("DELETE", `/user/followings/${id}`);
      else await this.#api.call("POST", "/user/followings", { target: id });
      this.#onFollowed(id, !isFollowing);
      row.draw({ ...row.person, is_following: !isFollowing, fans_count: fans + (isFollowing ? -1 : 1) });
    } catch (error) {
      this.#report(error);
    } finally {
      row.isBusy = false;
    }
  }
}

function remove(element) {
  moveFocus({ from: element, to: byId("q") });
  element.remove();
}
