/** Tells the other tabs of this browser what comes on the socket of this tab. */

const TOLD = ["packet", "event", "withdrawn", "unread", "unseen", "gap", "offset"];

/**
 * Each message has the `term` of the leader and a number, `seq`, so that others notice what they missed. A `status` has
 * the number of the message before it.
 */
export class TabLeader {
  #client;
  #memory;
  #channel;
  #term = crypto.randomUUID();
  #seq = 0;
  #state = "connecting";
  #unread = null;

  constructor(client, memory, channel) {
    this.#client = client;
    this.#memory = memory;
    this.#channel = channel;
    for (const type of TOLD) client.addEventListener(type, ({ detail }) => this.#tell(type, detail));
    client.addEventListener("unread", ({ detail }) => (this.#unread = detail));
    client.addEventListener("state", ({ detail }) => {
      this.#state = detail;
      this.#tellStatus();
    });
  }

  start() {
    this.#channel.onmessage = ({ data }) => data.type === "hello" && this.#tellStatus();
    this.#client.start();
  }

  stop() {
    this.#client.stop();
    this.#channel.onmessage = null;
  }

  #tell(type, detail) {
    this.#channel.postMessage({ term: this.#term, seq: ++this.#seq, type, detail });
  }

  #tellStatus() {
    // A tab that comes in the middle of a replay has missed its begin, whatever offset it has.
    const offset = this.#state === "catching-up" ? null : this.#memory.offset;
    const detail = { state: this.#state, offset, unread: this.#unread };
    this.#channel.postMessage({ term: this.#term, seq: this.#seq, type: "status", detail });
  }
}
