/** Reads again a moment after something has changed. */

const FIRST_MS = 300;
const LONGEST_MS = 10_000;
const CALM_MS = 10_000; // after the last one, and the pause is short again

/** The pause grows: strangers who follow and unfollow again and again must not make each open page read all the time. */
export class Rereads {
  #read;
  #timer;
  #recent = 0;
  #readAt = -Infinity;

  /** `read()` is called once for all that was asked in the meantime. */
  constructor(read) {
    this.#read = read;
  }

  ask() {
    if (this.#timer !== undefined) return;
    if (Date.now() - this.#readAt > CALM_MS) this.#recent = 0;
    const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#recent++);
    // With jitter: the pages of many users may have the same reason at once.
    this.#timer = setTimeout(() => this.#readNow(), pause * (1 - Math.random() / 2));
  }

  cancel() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #readNow() {
    this.#timer = undefined;
    this.#readAt = Date.now();
    this.#read();
  }
}
