/** The lists of single states, beside that of the whole inbox. */

import { apply, showWith } from "./marks.js";
import { StateList } from "./state-list.js";

export class StateLists {
  #lists;
  #shown; // what `show` returns

  /** `about()` is what is true of the whole inbox, `marks` are on their way; `tell()` is called when something has changed. */
  constructor(api, { about, marks, tell }) {
    const make = (act) => new Map(["unread", "archived"].map((state) => [state, act(state)]));
    this.#lists = make((state) => new StateList(state, api, tell));
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
    this.#each((list) => list.change((items) => apply(items, mark)));
  }

  remove(ids) {
    this.#each((list) => list.change((items) => items.filter(({ id }) => !ids.has(id))));
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
      return (snapshot = { ...whole, ...list.shown, items: items.filter(isIn) });
    };
    return { getSnapshot, load: list.load, loadMore: list.loadMore };
  }

  #each(act) {
    for (const list of this.#lists.values()) act(list);
  }
}
