/** What went wrong, said in one place until it is closed, or over. */

import { byId, moveFocus } from "./elements.js";
import { pause, retry } from "./retry.js";

export class Problem {
  #probe;
  #onOver;
  #watch = null;

  /** `probe` resolves when the server answers. `onOver` is called when it does so again after it did not. */
  constructor(probe, onOver) {
    this.#probe = probe;
    this.#onOver = onOver;
    byId("close-error").onclick = () => this.clear();
  }

  show(error) {
    this.clear();
    byId("error-text").textContent = error.message;
    byId("error").hidden = false;
    if (error.isTransient) this.#clearWhenOver();
  }

  clear() {
    this.#watch?.abort();
    this.#watch = null;
    moveFocus({ from: byId("error"), to: byId("inbox-title") });
    byId("error").hidden = true;
  }

  /** Something that was asked for after the problem was shown has been answered. */
  answered(askedAt) {
    if (this.#watch !== null && askedAt > this.#watch.begunAt) this.#over();
  }

  async #clearWhenOver() {
    const watch = Object.assign(new AbortController(), { begunAt: performance.now() });
    this.#watch = watch;
    await pause(0, watch.signal); // the message can be read before it goes
    await retry(this.#probe, watch.signal);
    if (!watch.signal.aborted) this.#over();
  }

  #over() {
    this.clear();
    this.#onOver();
  }
}
