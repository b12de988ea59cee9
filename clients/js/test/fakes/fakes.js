/** Fakes of what a browser and socket.io-client have. */

/** In place of a socket of socket.io-client. */
export class FakeSocket {
  connected = false;
  connects = 0;
  id = undefined;
  greetings = [];
  emitted = [];
  #handlers = {};
  #handleAny = () => {};

  constructor(auth) {
    this.auth = auth;
  }

  on(event, handler) {
    this.#handlers[event] = handler;
  }

  onAny(handler) {
    this.#handleAny = handler;
  }

  emit(...packet) {
    this.emitted.push(packet);
  }

  connect() {
    this.connects += 1;
    this.auth((greeting) => this.greetings.push(greeting));
  }

  disconnect() {
    if (this.connected) this.drop("io client disconnect");
  }

  receive(event, data) {
    this.#handleAny(event, data);
    return this.#handlers[event]?.(data);
  }

  accept() {
    this.connected = true;
    this.id = `socket-${this.greetings.length}`;
    this.#handlers.connect();
  }

  refuse(message) {
    this.#handlers.connect_error(new Error(message));
  }

  drop(reason = "transport close") {
    this.connected = false;
    this.id = undefined;
    this.#handlers.disconnect(reason);
  }
}

export class FakeStorage {
  #values = new Map();
  getItem = (key) => this.#values.get(key) ?? null;
  setItem = (key, value) => this.#values.set(key, value);
}

/** The locks of one browser, as navigator.locks. */
export class FakeLocks {
  #holders = new Map(); // by name
  #waiting = [];

  request(name, { signal, steal = false }, callback) {
    return new Promise((resolve, reject) => {
      const request = { name, callback, resolve, reject };
      const abort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== request);
        reject(new DOMException("aborted", "AbortError"));
      };
      signal?.addEventListener("abort", () => this.#waiting.includes(request) && abort());
      if (steal) {
        this.#holders.get(name)?.reject(new DOMException("stolen", "AbortError"));
        this.#hold(request);
      } else {
        this.#waiting.push(request);
        queueMicrotask(() => this.#grant(name));
      }
    });
  }

  #grant(name) {
    const next = this.#waiting.find((request) => request.name === name);
    if (!next || this.#holders.has(name)) return;
    this.#waiting = this.#waiting.filter((request) => request !== next);
    this.#hold(next);
  }

  async #hold(request) {
    const { name } = request;
    this.#holders.set(name, request);
    request.resolve(await request.callback());
    if (this.#holders.get(name) !== request) return;
    this.#holders.delete(name);
    this.#grant(name);
  }
}

/** The broadcast channels of one browser. A frozen tab gets no message. */
export class FakeChannels {
  #open = new Set();

  open = (name) => {
    const channel = {
      name,
      onmessage: null,
      isFrozen: false,
      postMessage: (data) => this.#post(channel, structuredClone(data)),
      close: () => this.#open.delete(channel),
    };
    this.#open.add(channel);
    return channel;
  };

  #post(sender, data) {
    if (sender.isFrozen || !this.#open.has(sender)) return;
    for (const other of this.#open) {
      if (other === sender || other.name !== sender.name) continue;
      queueMicrotask(() => other.isFrozen || other.onmessage?.({ data }));
    }
  }
}

/** Let everything that was begun go on, in the order of the event loop. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

export const notification = (id, offset) => ({ id, offset, user_id: 2, user_name: "Ann", user_photo: null, timestamp: 1 });
