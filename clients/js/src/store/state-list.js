/** The notifications of one state, "unread" or "archived", beside those of the whole inbox. It is read when it is shown. */

import { put } from "./groups.js";
import { PAGE } from "./pages.js";

const EMPTY = { status: "idle", items: [], hasMore: false, isLoadingMore: false, error: null };

/** What is read stays among the unread ones until they are read again, so that no row leaves under the reader. */
export class StateList {
  #state;
  #api;
  #begin;
  #tell;
  #shown = EMPTY;
  #oldest; // the last one of the pages that were read
  #loading = null;
  #came = []; // since a page was asked for, which may not have them
  #number = 0;

  /**
   * `begin()` is called before a page is read, and returns a function that adds its results to items. `tell()` is called
   * when something has changed.
   */
  constructor(state, { api, begin, tell }) {
    this.#state = state;
    this.#api = api;
    this.#begin = begin;
    this.#tell = tell;
  }

  get shown() {
    return this.#shown;
  }

  load = () => this.#read(undefined, { status: this.#shown.status === "ready" ? "ready" : "loading" });

  loadMore = () => this.#read(this.#oldest, { isLoadingMore: true });

  add(item) {
    if (this.#state !== "unread") return;
    if (this.#loading) this.#came = put(this.#came, item);
    if (this.#shown.status === "ready") this.#set({ items: put(this.#shown.items, item) });
  }

  change(act) {
    this.#came = act(this.#came);
    this.#set({ items: act(this.#shown.items) });
  }

  reset() {
    this.#number += 1;
    this.#loading = null;
    this.#oldest = undefined;
    this.#came = [];
    this.#set(EMPTY);
  }

  #read(before, changes) {
    this.#loading ??= this.#readPage(before, changes, this.#number).finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #readPage(before, changes, number) {
    this.#set(changes);
    this.#came = [];
    const add = this.#begin();
    const rest = { status: "ready", isLoadingMore: false, error: null };
    try {
      const { results } = await this.#api.list({ limit: PAGE, state: this.#state, ...(before && { before }) });
      if (number !== this.#number) return;
      this.#oldest = results.at(-1)?.id;
      const items = this.#came.reduce(put, add(before ? this.#shown.items : [], results));
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
