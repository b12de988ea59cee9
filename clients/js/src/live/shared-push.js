/** Live notifications over one socket for all tabs of a browser: one tab holds it, and tells the others what comes. */

import { LeaderWatch } from "./leader-watch.js";
import { Leadership } from "./leadership.js";
import { PushClient } from "./push-client.js";
import { PushMemory } from "./push-memory.js";
import { tabStorage } from "./storage.js";
import { TabFollower } from "./tab-follower.js";
import { TabLeader } from "./tab-leader.js";

const VERSION = 1; // of the messages between tabs: tabs of two versions don't talk to each other
const EVENTS = ["state", "notification", "event", "withdrawn", "unread", "unseen", "inbox"];
const NOTHING = { getItem: () => null, setItem() {} };
const TABS = {
  locks: globalThis.navigator?.locks,
  openChannel: globalThis.BroadcastChannel && ((name) => new BroadcastChannel(name)),
};

/** Dispatches the events of PushClient: `state`, `notification`, `event`, `withdrawn`, `unread` and `inbox`. */
export class SharedPush extends EventTarget {
  #options;
  #tabs;
  #name;
  #memory;
  #leadership = null;
  #channel = null;
  #part = null; // of this tab: a PushClient, a TabLeader or a TabFollower

  /**
   * Options are those of PushClient, without `memory`. Tabs of one user share a socket; without a `userId` a tab has its
   * own, and remembers nothing after a reload. `storage` must belong to this tab alone, as tabStorage does: with a shared
   * one, all other tabs would skip a notification that one tab has shown. `tabs` is for tests.
   */
  constructor({ io, url, userId = null, getToken, loadInbox, storage = tabStorage, tabs = TABS, groups = false }) {
    super();
    this.#options = { io, url, getToken, loadInbox, groups };
    this.#tabs = userId === null ? {} : tabs;
    this.#name = `push:${VERSION}${groups ? "g" : ""}:${url}:${userId}`; // a socket has groups for all of its tabs or for none
    this.#memory = new PushMemory(userId === null ? NOTHING : storage, `push:${userId}`);
  }

  start() {
    globalThis.addEventListener?.("pagehide", this.#leave);
    globalThis.addEventListener?.("pageshow", this.#comeBack);
    this.#join();
  }

  /** Close. It can be started again. */
  stop() {
    globalThis.removeEventListener?.("pagehide", this.#leave);
    globalThis.removeEventListener?.("pageshow", this.#comeBack);
    this.#leave();
  }

  #join() {
    const { locks, openChannel } = this.#tabs;
    if (!locks || !openChannel) return this.#lead((client) => client);
    this.#channel = openChannel(this.#name);
    const lead = () => this.#lead((client) => new TabLeader(client, this.#memory, this.#channel));
    this.#leadership = new Leadership({ locks, name: this.#name, lead, lose: () => this.#follow() });
    this.#follow();
    this.#leadership.stand();
  }

  /** A page that the browser keeps for its back button does not run, so it leaves the socket to another tab. */
  #leave = () => {
    this.#part?.stop();
    this.#part = null;
    this.#leadership?.resign();
    this.#leadership = null;
    this.#channel?.close();
    this.#channel = null;
  };

  #comeBack = ({ persisted }) => {
    if (persisted && this.#part === null) this.#join();
  };

  #follow() {
    const channel = this.#channel;
    const watch = new LeaderWatch({
      ask: () => channel.postMessage({ type: "hello" }),
      giveUp: () => this.#leadership.steal(),
    });
    const { loadInbox } = this.#options;
    const dispatch = (type, detail) => this.#dispatch(type, detail);
    this.#play(new TabFollower({ memory: this.#memory, channel, loadInbox, dispatch, watch }));
  }

  #lead(wrap) {
    const client = new PushClient({ ...this.#options, memory: this.#memory });
    const part = wrap(client); // it listens first: what it tells other tabs must not depend on what this tab does
    for (const type of EVENTS) client.addEventListener(type, ({ detail }) => this.#dispatch(type, detail));
    this.#play(part);
  }

  #play(part) {
    this.#part?.stop();
    this.#part = part;
    part.start();
  }

  #dispatch(type, detail) {
    if (type === "state" && detail === "logged-out") this.stop();
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
