const REMEMBERED_IDS = 500;

/** What a push client knows after a reload: the offset it has come to, and the newest ids that it has shown. */
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

  /** Say whether this id was not asked about before, and remember it. */
  isNew(id) {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > REMEMBERED_IDS) this.#ids.delete(this.#ids.values().next().value);
    this.#write();
    return true;
  }

  #read() {
    try {
      return JSON.parse(this.#storage.getItem(this.#key)) ?? {};
    } catch {
      return {}; // What another version wrote is worth no more than nothing.
    }
  }

  #write() {
    try {
      this.#storage.setItem(this.#key, JSON.stringify({ offset: this.#offset, ids: [...this.#ids] }));
    } catch {
      // A full storage costs a repeat after a reload, and nothing now.
    }
  }
}
