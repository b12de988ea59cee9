/** The devices on which the user is connected now: which browser, since when, and the way to log it out. */

import { button, element, moveFocus } from "../elements.js";
import { LANGUAGE, explain, word } from "../words.js";
import { section } from "./view.js";

const PATH = "/user/sessions";
const times = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });

export class DevicesPart {
  #part = section("devices", word("devices"), word("devices_hint"));
  #api;
  #sessions = [];
  #closing = new Set(); // ids
  #list = element("ul", { className: "people" });
  #refresh = button(word("refresh"), { onclick: () => this.load() });

  constructor({ api }) {
    this.#api = api;
    this.#part.wrong.before(this.#list, this.#refresh);
    this.element = this.#part.element;
  }

  async load() {
    this.#part.wrong.textContent = "";
    try {
      ({ results: this.#sessions } = await this.#api.call("GET", PATH));
      this.#draw();
    } catch (error) {
      this.#part.wrong.textContent = explain(error);
    }
  }

  #draw() {
    const shown = this.#sessions.filter(({ id }) => !this.#closing.has(id));
    this.#list.replaceChildren(...shown.map((session) => this.#rowOf(session)));
  }

  #rowOf(session) {
    const { device, address, since, current } = session;
    const name = element("strong", { textContent: deviceOf(device) });
    const about = element("small", { textContent: `${word("device_since", { when: times.format(since * 1000) })} · ${address}` });
    const end = current
      ? element("span", { className: "badge", textContent: word("device_this") })
      : button(word("device_log_out"), { about: [deviceOf(device)], onclick: () => this.#close(session) });
    return element("li", {}, element("span", { className: "grow" }, name, about), end);
  }

  /** It leaves the list at once, and is there again if it could not be closed. */
  async #close({ id }) {
    this.#part.wrong.textContent = "";
    moveFocus({ from: this.#list, to: this.#part.title });
    this.#closing.add(id);
    this.#draw();
    try {
      await this.#api.call("DELETE", `${PATH}/${encodeURIComponent(id)}?revoke=true`);
      this.#sessions = this.#sessions.filter((session) => session.id !== id);
    } catch (error) {
      // 404: it has gone in the meantime
      if (error.status === 404) this.#sessions = this.#sessions.filter((session) => session.id !== id);
      else this.#part.wrong.textContent = explain(error);
    }
    this.#closing.delete(id);
    this.#draw();
  }
}

/** The server says "Chrome on Android". */
function deviceOf(device) {
  const [browser, system] = device.split(" on ");
  if (!browser) return word("device_unknown");
  return system ? word("device_on", { browser, system }) : browser;
}
