/** Remembers what was changed here, or has left, and when, so that an older answer does not undo it. */

import { apply } from "./marks.js";

const MOST_IDS = 2000;
const MOST_MARKS = 200; // only those that come while an answer is on its way are needed

export class Changes {
  #now = 0; // the number of the newest change, or of the newest request
  #marks = []; // [number, mark]
  #left = new Map(); // numbers by id
  #came = new Map();
  #sizeOf;

  /** `sizeOf(item)` is how many notifications it stands for. */
  constructor(sizeOf) {
    this.#sizeOf = sizeOf;
  }

  /** Return the number of a request that is made now. */
  begin() {
    return ++this.#now;
  }

  /** A mark is known as a whole: an answer that is on its way may have items of it that nobody knows yet. */
  note(mark) {
    this.#marks = [...this.#marks, [++this.#now, mark]].slice(-MOST_MARKS);
  }

  /** These are not listed any more. An item that stands for others stays until an answer says what stands for them now. */
  leave(ids) {
    this.#now += 1;
    for (const id of ids) {
      this.#left.delete(id); // to the end of the map
      this.#left.set(id, this.#now);
    }
    trim(this.#left);
  }

  /** This came by itself: an answer that was asked for before may not have it. */
  come({ id }) {
    this.#came.set(id, ++this.#now);
    trim(this.#came);
  }

  hasComeAfter({ id }, since) {
    return this.#came.get(id) > since;
  }

  hasLeft({ id }) {
    return this.#left.has(id);
  }

  /** Return the items of an answer that was asked for at `since`, with what was marked later. */
  renew(items, since) {
    return this.#marks.filter(([number]) => number > since).reduce((all, [, mark]) => apply(all, mark), items);
  }

  /**
   * Return the items without what has left, as far as the answer with these results knows of it. What is archived has left
   * the others only, so it says nothing of what is back.
   */
  withoutLeft(items, results, since) {
    for (const item of results) if (!item.archived_at && !this.#leftAfter(item, since)) this.#left.delete(item.id);
    return items.filter((item) => {
      if (!this.hasLeft(item)) return true;
      return this.#leftAfter(item, since) ? this.#sizeOf(item) > 1 : Boolean(item.archived_at);
    });
  }

  clear() {
    this.#marks = [];
    this.#left.clear();
    this.#came.clear();
  }

  #leftAfter({ id }, since) {
    return this.#left.get(id) > since;
  }
}

/** Forget the oldest. */
function trim(byId) {
  for (const id of byId.keys()) {
    if (byId.size <= MOST_IDS) break;
    byId.delete(id);
  }
}
