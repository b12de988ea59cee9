/** The notifications of one state, "unread" or "archived", beside those of the whole inbox. It is read when it is shown. */

import { put } from "./groups.js";
import { PAGE, readNewest } from "./pages.js";

const EMPTY = { status: "idle", items: [], hasMore: false, isLoadingMore: false, error: null };

/** What is read stays among the unread ones until they are read again, so that no row leaves under the reader. */
export class StateList {
  #state;
  #api;
  #begin;
  #keyOf;
  #tell;
  #shown = EMPTY;
  #oldest; // the last one of the pages that were read
  #loading = null;
  #came = []; // since a page was asked for, which may not have them
  #number = 0;

  /**
   * `begin()` is called before a page is read, and returns a function that adds its results to items. `keyOf(item)` is what
   * only one item has. `tell()` is called when something has changed.
   */
  constructor(state, { api, begin, keyOf, tell }) {
    this.#state = state;
    this.#api = api;
    this.#begin = begin;
    this.#keyOf = keyOf;
    this.#tell = tell;
  }

  get shown() {
    return this.#shown;
  }

  load = () => this.#read(() => this.#readPage(undefined, { status: this.#shown.status === "ready" ? "ready" : "loading" }));

  loadMore = () => this.#read(() => this.#readPage(this.#oldest, { isLoadingMore: true }));

  /** Read again what is shown, since it may have changed unnoticed. No row leaves because it was read. */
  refresh() {
    if (this.#shown.status !== "idle") this.#read(() => this.#readAgain(), true);
  }

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

  /** One after another. An answer that is on its way may be older than the reason to refresh. */
  #read(act, refreshes = false) {
    const last = this.#loading;
    if (last && last.refreshes === refreshes && (!refreshes || last.waits)) return last.read;
    const number = this.#number;
    const turn = { refreshes, waits: Boolean(last) };
    const start = async () => {
      turn.waits = false;
      if (number === this.#number) await act();
    };
    turn.read = (last ? last.read.then(start) : start()).finally(() => {
      if (this.#loading === turn) this.#loading = null;
    });
    this.#loading = turn;
    return turn.read;
  }

  async #readPage(before, changes) {
    const number = this.#number;
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

  async #readAgain() {
    const number = this.#number;
    const known = new Set(this.#shown.items);
    this.#came = [];
    const add = this.#begin();
    const list = (query) => this.#api.list({ ...query, state: this.#state });
    const page = await readNewest({ list }, this.#shown.items).catch(() => null); // the whole inbox says what was wrong
    if (page === null || number !== this.#number) return;
    const oldest = page.isWhole ? -Infinity : page.results.at(-1).id;
    const results = add([], page.results);
    const overlaps = this.#shown.items.some(({ id }) => id >= oldest);
    const kept = overlaps ? this.#keep(results, known, oldest) : [];
    const items = [...results, ...kept].sort((one, other) => other.id - one.id);
    const endsHere = page.isWhole || !overlaps || !(this.#oldest < oldest); // otherwise older pages stay
    if (endsHere) this.#oldest = page.results.at(-1)?.id;
    const hasMore = endsHere ? !page.isWhole : this.#shown.hasMore;
    this.#set({ status: "ready", error: null, items: this.#came.reduce(put, items), hasMore });
  }

  /** Return the shown items that an answer does not have. Those that it would have are not in this state any more. */
  #keep(results, known, oldest) {
    const keys = new Set(results.map(this.#keyOf));
    const others = this.#shown.items.filter((item) => !keys.has(this.#keyOf(item)));
    const hasChanged = (item) => item.id > oldest && known.has(item) && !(this.#state === "unread" && item.archived_at);
    if (this.#state === "unread") return others.map((item) => (hasChanged(item) ? { ...item, read: true } : item));
    return others.filter((item) => !hasChanged(item));
  }

  #set(changes) {
    this.#shown = { ...this.#shown, ...changes };
    this.#tell();
  }
}
