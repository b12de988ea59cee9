/** An action of the list: follow back who follows the reader. Whether that is done is known for all rows by one call. */

import { ICONS } from "./push/list/icons.js";
import { hasOneActor } from "./push/list/row-actions.js";
import { word } from "./words.js";

const EVENT = "following notify";
const SOON_MS = 100; // rows that are drawn together are asked for together
const MOST_ASKED = 100; // in one call
const MOST_KNOWN = 2000;

export class FollowBack {
  name = "followBack";
  icon = ICONS.person;
  label = () => word("follow_back");
  #api;
  #report;
  #followed = new Map(); // by id of a user: whether the reader follows them
  #unknown = new Set();
  #timer;
  #listeners = new Set();

  constructor(api, report) {
    this.#api = api;
    this.#report = report;
  }

  isShown = (item) => {
    if (item.event !== EVENT || !hasOneActor(item)) return false;
    const { user_id: id } = item.data;
    if (!this.#followed.has(id)) this.#askSoon(id);
    return this.#followed.get(id) === false;
  };

  /** Call `draw` when more is known. Return a function that ends that. */
  subscribe = (draw) => {
    this.#listeners.add(draw);
    return () => this.#listeners.delete(draw);
  };

  /** It shows at once, and is taken back if the server does not do it. */
  act = async ({ data: { user_id: id } }) => {
    this.note(id, true);
    try {
      await this.#api.call("POST", "/user/followings", { target: id });
      this.onFollowed?.(id);
    } catch (error) {
      this.note(id, false);
      this.#report(error);
    }
  };

  /** Take what is known better: the reader has followed somebody elsewhere on the page. */
  note(id, isFollowed) {
    this.#followed.delete(id); // to the end of the map
    this.#followed.set(id, isFollowed);
    if (this.#followed.size > MOST_KNOWN) this.#followed.delete(this.#followed.keys().next().value);
    for (const draw of [...this.#listeners]) draw();
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#followed.clear();
    this.#unknown.clear();
  }

  #askSoon(id) {
    this.#unknown.add(id);
    this.#timer ??= setTimeout(() => this.#ask(), SOON_MS);
  }

  /** Without an answer there is no such action, until the rows are drawn again. */
  async #ask() {
    const ids = [...this.#unknown].slice(0, MOST_ASKED);
    const found = await this.#api.call("GET", `/users?ids=${ids.join(",")}`).catch(() => null);
    this.#timer = undefined;
    for (const id of ids) this.#unknown.delete(id);
    if (this.#unknown.size > 0) this.#askSoon(this.#unknown.values().next().value);
    const results = new Map(found?.results.map((user) => [user.id, user.is_following]));
    for (const id of found ? ids : []) if (!this.#followed.has(id)) this.#followed.set(id, results.get(id) ?? true);
    if (found) for (const draw of [...this.#listeners]) draw();
  }
}
