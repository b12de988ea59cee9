const REMEMBERED_IDS = 500;

/** What a push client remembers after a reload: its offset, and the newest ids that it has shown. */
export class PushMemory {
  #storage;
  #key;
  #offset = null;
  #ids = new Set();

  constructor(storage, key) {
    this.#storage = storage;
    this.#key = key;
    const { offset = null, ids = [] } = this.#read();
    this.#offset = offset;
    this.#ids = new Set(ids);
  }

  get offset() {
    return this.#offset;
  }

  set offset(offset) {
    this.#offset = offset;
    this.#write();
  }

  /** Return whether this is new, and remember it. Two updates of a group may have one id, with another count. */
  isNew({ id, count }) {
    const name = count === undefined ? id : `${id}:${count}`;
    if (this.#ids.has(name)) return false;
    this.#ids.add(name);
    if (this.#ids.size > REMEMBERED_IDS) this.#ids.delete(this.#ids.values().next().value);
    this.#write();
    return true;
  }

  #read() {
    try {
      return JSON.parse(this.#storage.getItem(this.#key)) ?? {};
    } catch {
      return {}; // Ignore what another version wrote.
    }
  }

  #write() {
    try {
      this.#storage.setItem(this.#key, JSON.stringify({ offset: this.#offset, ids: [...this.#ids] }));
    } catch {
      // A full storage only causes a repeat after a reload.
    }
  }
}
