/** The notifications of one state, "unread" or "archived", beside those of the whole inbox. It is read when it is shown. */

import { withoutGroupOf } from "./groups.js";
import { PAGE } from "./pages.js";

const EMPTY = { status: "idle", items: [], hasMore: false, isLoadingMore: false, error: null };

/** What is read stays among the unread ones until they are read again, so that no row leaves under the reader. */
export class StateList {
  #state;
  #api;
  #tell;
  #shown = EMPTY;
  #loading = null;
  #number = 0;

  /** `tell()` is called when something has changed. */
  constructor(state, api, tell) {
    this.#state = state;
    this.#api = api;
    this.#tell = tell;
  }

  get shown() {
    return this.#shown;
  }

  load = () => this.#read(undefined, { status: this.#shown.status === "ready" ? "ready" : "loading" });

  loadMore = () => this.#read(this.#shown.items.at(-1)?.id, { isLoadingMore: true });

  add(item) {
    if (this.#state !== "unread" || this.#shown.status !== "ready") return;
    const isOfGroup = item.count !== undefined; // it stands for the older ones of its group
    this.#set({ items: [item, ...(isOfGroup ? withoutGroupOf(this.#shown.items, item) : this.#shown.items)] });
  }

  change(act) {
    this.#set({ items: act(this.#shown.items) });
  }

  reset() {
    this.#number += 1;
    this.#loading = null;
    this.#set(EMPTY);
  }

  #read(before, changes) {
    this.#loading ??= this.#readPage(before, changes, this.#number).finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #readPage(before, changes, number) {
    this.#set(changes);
    const rest = { status: "ready", isLoadingMore: false, error: null };
    try {
      const { results } = await this.#api.list({ limit: PAGE, state: this.#state, ...(before && { before }) });
      if (number !== this.#number) return;
      const items = before ? [...this.#shown.items, ...results] : results;
      this.#set({ ...rest, items, hasMore: results.length === PAGE });
    } catch (error) {
      const status = this.#shown.items.length ? "ready" : "failed";
      if (number === this.#number) this.#set({ ...rest, status, error });
    }
  }

  #set(changes) {
    this.#shown = { ...this.#shown, ...changes };
    this.#tell();
  }
}
