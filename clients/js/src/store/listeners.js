/** Who wants to know of changes. */

const FRAME_MS = 16;

export class Listeners {
  #listeners = new Set();
  #timer;

  /** Return a function that ends it. */
  add(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Tell once of all that comes in the time of a frame. A timer, since a hidden tab has no frames. */
  tellSoon() {
    this.#timer ??= setTimeout(() => this.tell(), FRAME_MS);
  }
}
