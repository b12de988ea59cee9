/** Notices that the leading tab does not run: a frozen tab keeps its lock and its socket, and does nothing. */

const QUIET_MS = 10_000; // and up to half as much again
const ANSWER_MS = 4_000;

export class LeaderWatch {
  #ask;
  #giveUp;
  #timer;

  /** `ask()` asks the leader for a sign of life, `giveUp()` is called when it gives none. */
  constructor({ ask, giveUp }) {
    this.#ask = ask;
    this.#giveUp = giveUp;
  }

  start() {
    this.#askAndWait();
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /** The leader has said something. */
  heard() {
    this.stop();
    // With jitter: all tabs hear the answer, so the first that asks does so for all.
    this.#timer = setTimeout(() => this.#askAndWait(), QUIET_MS * (1 + Math.random() / 2));
  }

  #askAndWait({ isSecond = false } = {}) {
    const askedAt = Date.now();
    this.#ask();
    this.#timer = setTimeout(() => {
      // This tab did not run either, so the answer may still be waiting to be read.
      const wasAway = Date.now() - askedAt > 2 * ANSWER_MS;
      if (wasAway && !isSecond) this.#askAndWait({ isSecond: true });
      else this.#giveUp();
    }, ANSWER_MS);
  }
}
