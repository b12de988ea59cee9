/** The lists of single states, beside that of the whole inbox. */

import { apply, showWith } from "./marks.js";
import { StateList } from "./state-list.js";

export class StateLists {
  #lists;

  /** `tell()` is called when something has changed. */
  constructor(api, tell) {
    this.#lists = new Map(["unread", "archived"].map((state) => [state, new StateList(state, api, tell)]));
  }

  /** Return {getSnapshot, load, loadMore} of a state. `about()` is what is true of the whole inbox, `marks` are on their way. */
  show(state, about, marks) {
    const list = this.#lists.get(state);
    const isIn = ({ archived_at: archivedAt }) => Boolean(archivedAt) === (state === "archived");
    const getSnapshot = () => {
      const { items } = showWith(marks, list.shown.items, 0);
      return { ...about(), ...list.shown, items: items.filter(isIn) };
    };
    return { getSnapshot, load: list.load, loadMore: list.loadMore };
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

  #each(act) {
    for (const list of this.#lists.values()) act(list);
  }
}
