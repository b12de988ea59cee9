/** Requests: what strangers did, for the reader to let in or to refuse. Each person can be muted as well. */

import { avatar, button, element, moveFocus, written } from "../elements.js";
import { asElements, describe } from "../push/list/description.js";
import { Times } from "../push/list/times.js";
import { LANGUAGE, explain, word } from "../words.js";
import { headOf } from "./view.js";

const PAGE = 20;

export class RequestsView {
  #page;
  #items = []; // newest first
  #gone = new Set(); // the ids of those that were answered, from now on
  #rows = new Map(); // by id
  #hasMore = false;
  #isBusy = false;
  #times = new Times(LANGUAGE);
  #wrong = element("p", { className: "wrong", role: "alert" });
  #status = element("p", { className: "faint", role: "status", textContent: word("loading") });
  #list = element("ul", { className: "people requests" });
  #more = button(word("show_more"), { onclick: () => this.#load() });

  constructor(page) {
    this.#page = page;
    const { head, title } = headOf(word("requests"));
    this.title = title;
    const hint = element("p", { className: "faint", textContent: word("requests_hint") });
    const settings = element("a", { href: "#settings", className: "to-requests", textContent: word("settings") });
    this.#more.hidden = true;
    this.element = element("div", { className: "card view" }, head, hint, this.#wrong, this.#status, this.#list, this.#more, settings);
    this.#load();
  }

  async #load() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#wrong.textContent = "";
    const before = this.#items.length ? { before: this.#items.at(-1).id } : {};
    try {
      const query = new URLSearchParams({ state: "requests", limit: PAGE, ...before });
      const { results } = await this.#page.api.call("GET", `/user/notifications?${query}`);
      this.#items.push(...results);
      this.#hasMore = results.length === PAGE;
      this.#draw();
    } catch (error) {
      this.#status.textContent = "";
      this.#wrong.textContent = explain(error);
      this.#hasMore = true; // the button tries again
      this.#draw();
    } finally {
      this.#isBusy = false;
    }
  }

  #draw() {
    const shown = this.#items.filter(({ id }) => !this.#gone.has(id));
    const kept = new Set(shown.map(({ id }) => id));
    for (const [id, row] of this.#rows) if (!kept.has(id)) this.#remove(id, row);
    shown.forEach((item, place) => {
      if (!this.#rows.has(item.id)) this.#rows.set(item.id, this.#rowOf(item));
      const row = this.#rows.get(item.id);
      if (this.#list.children[place] !== row) this.#list.insertBefore(row, this.#list.children[place] ?? null);
    });
    this.#more.hidden = !this.#hasMore;
    this.#status.textContent = shown.length || this.#hasMore ? "" : word("requests_none");
  }

  #rowOf(item) {
    const name = item.data.user_name || word("somebody");
    const said = element("span", { dir: "auto" }, ...asElements(describe(item, { somebody: word("somebody") })));
    const date = new Date(item.created_at * 1000);
    const time = element("time", { dateTime: date.toISOString(), title: this.#times.exact(date), textContent: this.#times.ago(date) });
    const act = (text, className, onclick) => button(text, { about: [written(name)], className, onclick });
    const actions = element(
      "span",
      { className: "answers" },
      act(word("request_accept"), "", () => this.#answer(item, true)),
      act(word("request_refuse"), "quiet", () => this.#answer(item, false)),
      act(word("mute"), "plain", () => this.#mute(item)),
    );
    return element("li", {}, avatar(name, item.data.user_photo), element("span", { className: "grow" }, said, " ", time), actions);
  }

  #remove(id, row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    moveFocus({ from: row, to: next?.querySelector("button") ?? this.title });
    row.remove();
    this.#rows.delete(id);
  }

  #answer({ id }, accept) {
    return this.#settle([id], () => this.#page.api.call("POST", "/user/notifications/requests", { ids: [id], accept }));
  }

  /** Nothing that this person did is among the requests any more. */
  #mute({ data: { user_id: person } }) {
    const ids = this.#items.filter(({ data }) => data.user_id === person).map(({ id }) => id);
    return this.#settle(ids, () => this.#page.api.call("PUT", `/user/preferences/muted/${encodeURIComponent(person)}`));
  }

  /** They leave the list at once, and are back if the server did not do it. */
  async #settle(ids, send) {
    this.#wrong.textContent = "";
    for (const id of ids) this.#gone.add(id);
    this.#draw();
    try {
      await send();
      this.#page.refresh();
      if (this.#rows.size === 0 && this.#hasMore) await this.#load();
    } catch (error) {
      for (const id of ids) this.#gone.delete(id);
      this.#draw();
      this.#wrong.textContent = explain(error);
    }
  }
}
