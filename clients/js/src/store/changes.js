/** Remembers what was changed here, or has left, and when, so that an older answer does not undo it. */

const MOST = 2000;

export class Changes {
  /** The number of the newest change, or of the newest request. */
  now = 0;
  #byId = new Map();
  #left = new Set();
  #sizeOf;

  /** `sizeOf(item)` is how many notifications it stands for. */
  constructor(sizeOf) {
    this.#sizeOf = sizeOf;
  }

  note(ids) {
    this.now += 1;
    for (const id of ids) {
      this.#byId.delete(id); // to the end of the map
      this.#byId.set(id, this.now);
    }
    trim(this.#byId);
  }

  /** These are not listed any more. An item that stands for others stays until an answer says what stands for them now. */
  leave(ids) {
    this.note(ids);
    for (const id of ids) this.#left.add(id);
    trim(this.#left);
  }

  hasLeft({ id }) {
    return this.#left.has(id);
  }

  /** Return the item of an answer that was asked for after the change `since`, with what is known better. */
  keep(item, known, since) {
    if (known === undefined || !this.#isAfter(item, since)) return item;
    const { read, seen_at, read_at, archived_at } = known;
    return { ...item, read, seen_at, read_at, archived_at };
  }

  /** Return the items without what has left, as far as the answer with these results knows of it. */
  withoutLeft(items, results, since) {
    for (const item of results) if (!this.#isAfter(item, since)) this.#left.delete(item.id); // it is back
    return items.filter((item) => !this.hasLeft(item) || (this.#isAfter(item, since) && this.#sizeOf(item) > 1));
  }

  clear() {
    this.#byId.clear();
    this.#left.clear();
  }

  #isAfter({ id }, since) {
    return this.#byId.get(id) > since;
  }
}

/** Forget the oldest. */
function trim(byId) {
  for (const id of byId.keys()) {
    if (byId.size <= MOST) break;
    byId.delete(id);
  }
}
