/** The lists of single states, beside that of the whole inbox. */

import { keyOf, put } from "./groups.js";
import { apply, showWith } from "./marks.js";
import { StateList } from "./state-list.js";

export class StateLists {
  #lists;
  #gather;
  #keyOf;
  #shown; // what `show` returns

  /**
   * `about()` is what is true of the whole inbox, `marks` are on their way; `gather(items)` returns one item for each
   * group; `begin`, `keyOf` and `tell` are those of StateList.
   */
  constructor(api, { about, marks, gather, begin, keyOf, tell }) {
    this.#gather = gather;
    this.#keyOf = keyOf;
    const make = (act) => new Map(["unread", "archived"].map((state) => [state, act(state)]));
    this.#lists = make((state) => new StateList(state, { api, begin, keyOf, tell }));
    this.#shown = make((state) => this.#make(state, about, marks));
  }

  /** Return {getSnapshot, load, loadMore} of a state. */
  show(state) {
    return this.#shown.get(state);
  }

  /** All items of all lists. */
  get items() {
    return [...this.#lists.values()].flatMap(({ shown }) => shown.items);
  }

  add(item) {
    this.#lists.get("unread").add(item);
  }

  apply(mark) {
    this.#each((list) => list.change((items) => this.#gather(apply(items, mark))));
  }

  remove(isGone) {
    this.#each((list) => list.change((items) => items.filter((item) => !isGone(item))));
  }

  /** `withoutLeft(items)` returns what is still there. For the groups of the others, those of `rows` stand now. */
  renew(withoutLeft, rows) {
    this.#each((list) => list.change((items) => putInstead(items, withoutLeft(items), rows)));
  }

  /** Take what the newest page of the whole inbox says: the rows with these ids. It has all that are not archived. */
  learn(rows, oldest) {
    const byId = new Map(rows.filter(({ id }) => id >= oldest).map((row) => [row.id, row]));
    const keys = new Set(rows.map(this.#keyOf));
    const isThere = (item) => item.archived_at || item.id < oldest || keys.has(this.#keyOf(item));
    this.#each((list) => list.change((items) => items.filter(isThere).map((item) => withStates(item, byId.get(item.id)))));
  }

  /** Read again those that are shown. */
  refresh() {
    this.#each((list) => list.refresh());
  }

  reset() {
    this.#each((list) => list.reset());
  }

  /** The snapshot is the same object until something changes; then the one of the whole inbox is another, too. */
  #make(state, about, marks) {
    const list = this.#lists.get(state);
    const isIn = ({ archived_at: archivedAt }) => Boolean(archivedAt) === (state === "archived");
    let whole = null;
    let snapshot = null;
    const getSnapshot = () => {
      if (whole === about()) return snapshot;
      whole = about();
      const { items } = showWith(marks, list.shown.items, 0);
      return (snapshot = { ...whole, ...list.shown, items: this.#gather(items.filter(isIn)) });
    };
    return { getSnapshot, load: list.load, loadMore: list.loadMore };
  }

  #each(act) {
    for (const list of this.#lists.values()) act(list);
  }
}

function withStates(item, { read, seen_at, read_at, archived_at } = item) {
  const isSame = read === item.read && Boolean(archived_at) === Boolean(item.archived_at);
  return isSame ? item : { ...item, read, seen_at, read_at, archived_at };
}

function putInstead(items, kept, rows) {
  if (kept.length === items.length) return items;
  const keys = new Set(items.filter((item) => !kept.includes(item)).map(keyOf));
  return rows.filter((row) => keys.has(keyOf(row))).reduce((all, row) => put(all, row), kept);
}
