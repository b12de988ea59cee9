/** Follows the tab that holds the socket: shows what it tells, and reads the inbox after it has missed something. */

import { pause } from "./retry.js";

export class TabFollower {
  #memory;
  #channel;
  #loadInbox;
  #dispatch;
  #watch;
  #term = null;
  #seq = 0;
  #leader = { state: "connecting", offset: null };
  #isInStep = false; // everything that the leader has had is shown here
  #misses = 0;
  #unreadCounts = 0;
  #isReading = false;
  #hasFailed = false;
  #shown = null;
  #stopped = new AbortController();

  /** `dispatch(type, detail)` is called for the events of PushClient. `watch` is a LeaderWatch. */
  constructor({ memory, channel, loadInbox, dispatch, watch }) {
    this.#memory = memory;
    this.#channel = channel;
    this.#loadInbox = loadInbox;
    this.#dispatch = dispatch;
    this.#watch = watch;
  }

  start() {
    this.#channel.onmessage = ({ data }) => data.term && this.#hear(data);
    this.#watch.start();
    this.#show();
  }

  stop() {
    this.#stopped.abort();
    this.#channel.onmessage = null;
    this.#watch.stop();
  }

  #hear({ term, seq, type, detail }) {
    this.#watch.heard();
    const expected = type === "status" ? this.#seq : this.#seq + 1;
    if (term !== this.#term) {
      // A new leader replays what follows its offset. So with the same offset nothing is missed.
      const isCovered = type === "status" && detail.offset !== null && detail.offset === this.#memory.offset;
      if (!isCovered) this.#miss();
      this.#isInStep = isCovered;
    } else if (seq !== expected) {
      this.#miss();
    }
    this.#term = term;
    this.#seq = seq;
    this.#take(type, detail);
  }

  #take(type, detail) {
    if (type === "status") this.#takeStatus(detail);
    else if (type === "packet") this.#receive(detail);
    else if (type === "gap") this.#miss();
    else if (type === "offset") this.#moveTo(detail);
    else if (type === "unread") this.#dispatchUnread(detail);
    else this.#dispatch(type, detail);
  }

  #takeStatus({ state, offset, unread }) {
    this.#leader = { state, offset };
    if (unread !== null) this.#dispatchUnread(unread);
    this.#show();
    if (state === "live" && !this.#isInStep) this.#readInbox();
  }

  #receive({ event, data }) {
    if (this.#memory.isNew(data)) this.#dispatch("notification", { ...data, event });
  }

  #moveTo(offset) {
    this.#leader.offset = offset;
    if (this.#isInStep) this.#memory.offset = offset;
  }

  #miss() {
    this.#misses += 1;
    this.#isInStep = false;
    if (this.#leader.state === "live") this.#readInbox();
    this.#show();
  }

  async #readInbox() {
    if (this.#isReading) return;
    this.#isReading = true;
    const { signal } = this.#stopped;
    for (let failures = 0; !signal.aborted && this.#leader.state === "live" && !this.#isInStep; ) {
      if (await this.#attempt()) failures = 0;
      else await pause(failures++, signal);
    }
    this.#isReading = false;
  }

  /** Read the inbox once; return false if it could not be read. */
  async #attempt() {
    const misses = this.#misses;
    const unreadCounts = this.#unreadCounts;
    const inbox = await this.#loadInbox().catch(() => null);
    if (this.#stopped.signal.aborted) return true;
    this.#hasFailed = inbox === null;
    if (inbox !== null) {
      this.#dispatch("inbox", inbox);
      // A count that was pushed in the meantime is at least as new as the one in the answer.
      if (unreadCounts === this.#unreadCounts) this.#dispatchUnread(inbox.unread_count);
      if (misses === this.#misses) this.#isInStep = true;
      if (this.#isInStep && this.#leader.offset !== null) this.#memory.offset = this.#leader.offset;
    }
    this.#show();
    return inbox !== null;
  }

  #dispatchUnread(count) {
    this.#unreadCounts += 1;
    this.#dispatch("unread", count);
  }

  /** Show the state of this tab: with a live leader it may still have to read the inbox. */
  #show() {
    const behind = this.#hasFailed ? "offline" : "catching-up";
    const state = this.#leader.state !== "live" || this.#isInStep ? this.#leader.state : behind;
    if (state === this.#shown) return;
    this.#shown = state;
    this.#dispatch("state", state);
  }
}
