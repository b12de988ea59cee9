/** Remembers which notifications were changed here, and when, so that an older answer does not undo it. */

const MOST = 2000;

export class Changes {
  /** The number of the newest change. */
  now = 0;
  #byId = new Map();

  note(ids) {
    this.now += 1;
    for (const id of ids) {
      this.#byId.delete(id); // to the end of the map
      this.#byId.set(id, this.now);
    }
    for (const id of this.#byId.keys()) {
      if (this.#byId.size <= MOST) break;
      this.#byId.delete(id);
    }
  }

  /** Return the item of an answer that was asked for after the change `since`, with what is known better. */
  keep(item, known, since) {
    if (known === undefined || !(this.#byId.get(item.id) > since)) return item;
    const { read, seen_at, read_at, archived_at } = known;
    return { ...item, read, seen_at, read_at, archived_at };
  }

  clear() {
    this.#byId.clear();
  }
}
