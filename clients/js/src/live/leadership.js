/** At most one tab of a browser leads. The browser ends the lead of a tab that is closed. */

export class Leadership {
  #locks;
  #name;
  #on;
  #waiting = null;
  #release = null;

  /** `locks` is navigator.locks. `lead()` is called when this tab leads, `lose()` when another has taken the lead. */
  constructor({ locks, name, lead, lose }) {
    this.#locks = locks;
    this.#name = name;
    this.#on = { lead, lose };
  }

  /** Wait for the lead. */
  stand() {
    const waiting = (this.#waiting = new AbortController());
    this.#request({ signal: waiting.signal }, waiting.signal);
  }

  /** Take the lead from a tab that does not answer: a frozen tab keeps its lock. */
  steal() {
    this.#waiting?.abort();
    const waiting = (this.#waiting = new AbortController());
    this.#request({ steal: true }, waiting.signal);
  }

  /** Give up the lead, or the wait for it. */
  resign() {
    this.#waiting?.abort();
    this.#waiting = null;
    this.#release?.();
    this.#release = null;
  }

  async #request(options, signal) {
    let hasLed = false;
    const hold = () => {
      if (signal.aborted) return undefined;
      hasLed = true;
      const held = new Promise((release) => (this.#release = release));
      this.#on.lead();
      return held;
    };
    try {
      await this.#locks.request(this.#name, options, hold);
    } catch {
      // Another tab has stolen the lock. A browser that refuses locks lets each tab lead.
      if (signal.aborted) return;
      if (!hasLed) return hold();
      this.#release = null;
      this.#on.lose();
      this.stand();
    }
  }
}
