/** The preferences of the user: what is chosen shows at once, and is taken back if the server does not take it. */

export class Preferences {
  #told = null; // as the server said
  #changes = []; // on their way, the oldest first
  #last = Promise.resolve();
  #onChange;

  /** `onChange(told)` is called with what is to be shown. */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** Take what the server says. */
  take(told) {
    this.#told = told;
    this.#draw();
  }

  /**
   * Change them: `apply(told)` returns them with the change. `send()` resolves to the new ones, or to null where the
   * server does not say. Changes are sent one after another. Reject if this one failed; then it is not shown any more.
   */
  async change({ apply, send }) {
    const change = { apply };
    this.#changes.push(change);
    this.#draw();
    const sent = this.#last.then(send);
    this.#last = sent.catch(() => {});
    try {
      this.#told = (await sent) ?? apply(this.#told);
    } finally {
      this.#changes = this.#changes.filter((other) => other !== change);
      this.#draw();
    }
  }

  #draw() {
    this.#onChange(this.#changes.reduce((told, { apply }) => apply(told), this.#told));
  }
}
