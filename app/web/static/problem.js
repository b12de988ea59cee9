/** Shows an error in one place, until the user closes it or the problem is over. */

import { byId, moveFocus } from "./elements.js";
import { pause, retry } from "./push/live/retry.js";
import { explain } from "./words.js";

export class Problem {
  #probe;
  #onOver;
  #watch = null;

  /** `probe` resolves when the server answers. `onOver` is called when it answers again after a failure. */
  constructor(probe, onOver) {
    this.#probe = probe;
    this.#onOver = onOver;
    byId("close-error").onclick = () => this.clear();
  }

  show(error) {
    this.clear();
    byId("error-text").textContent = explain(error);
    byId("error").hidden = false;
    if (error.isTransient) this.#clearWhenOver();
  }

  clear() {
    this.#watch?.abort();
    this.#watch = null;
    moveFocus({ from: byId("error"), to: byId("inbox-title") ?? byId("log-in").elements.user_name });
    byId("error").hidden = true;
  }

  /** A request was answered. If it was sent after the problem was shown, the problem is over. */
  answered(requestedAt) {
    if (this.#watch !== null && requestedAt > this.#watch.begunAt) this.#over();
  }

  async #clearWhenOver() {
    const watch = Object.assign(new AbortController(), { begunAt: performance.now() });
    this.#watch = watch;
    await pause(0, watch.signal); // time to read the message
    await retry(this.#probe, watch.signal);
    if (!watch.signal.aborted) this.#over();
  }

  #over() {
    this.clear();
    this.#onOver();
  }
}
