/** How many notifications an inbox has, as the server said last, and what has come since. */

import { LARGEST_COUNT } from "./items.js";

export class Counts {
  unread = 0;
  unseen = 0;
  /** Of each state: {all, unread, archived, requests?}, or null. */
  byState = null;
  /** Another one after each answer and each count that was pushed. */
  version = 0;
  #expected = 0; // the unread count that is pushed next, if no other device marks anything

  take({ unread_count: unread, unseen_count: unseen }) {
    this.version += 1;
    this.unread = this.#expected = unread;
    this.unseen = unseen ?? this.unseen;
  }

  /** One has come, and its count will. */
  addOne(hasUnseen) {
    this.expect(1);
    if (hasUnseen) this.unseen = bounded(this.unseen + 1);
  }

  /** The unread count that is pushed next says so many more, or fewer. */
  expect(more) {
    this.#expected = bounded(this.#expected + more);
  }

  /** Return whether a count that was pushed is so small that another device has marked some; `marked` here are on their way. */
  isMarkedElsewhere(count, marked) {
    return count < this.#expected - marked;
  }

  addToAll(more) {
    if (this.byState) this.byState = { ...this.byState, all: bounded(this.byState.all + more) };
  }

  clear() {
    this.unread = this.unseen = this.#expected = 0;
    this.byState = null;
  }
}

function bounded(count) {
  return Math.min(Math.max(0, count), LARGEST_COUNT);
}
