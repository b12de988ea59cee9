/** The settings of notifications: what comes and how, whose, when, and on which devices. */

import { element } from "../elements.js";
import { explain, word } from "../words.js";
import { ChannelsPart } from "./channels-part.js";
import { wrongOf } from "./choices.js";
import { DevicesPart } from "./devices-part.js";
import { HerePart } from "./here-part.js";
import { AcceptedPart, MutedPart } from "./people-part.js";
import { Preferences } from "./preferences.js";
import { QuietHoursPart } from "./quiet-hours-part.js";
import { StrangersPart } from "./strangers-part.js";
import { headOf } from "./view.js";

const PATH = "/user/preferences";

export class SettingsView {
  #page;
  #preferences = new Preferences((told) => this.#draw(told));
  #parts;
  #state = element("p", { className: "faint", role: "status", textContent: word("loading") });
  #retry = element("button", { type: "button", className: "quiet", hidden: true, textContent: word("try_again"), onclick: () => this.#load() });
  #body = element("div");

  constructor(page) {
    this.#page = page;
    const { head, title } = headOf(word("settings"));
    this.title = title;
    const change = (part, what) => this.#change(part, what);
    this.#parts = [ChannelsPart, QuietHoursPart, StrangersPart, AcceptedPart, MutedPart].map((Part) => new Part(change));
    const devices = new DevicesPart(page);
    const here = new HerePart(page);
    this.#body.append(...this.#parts.map((part) => part.element));
    this.#body.hidden = true;
    this.element = element("div", { className: "card view" }, head, this.#state, this.#retry, this.#body, here.element, devices.element);
    this.#load();
    devices.load();
  }

  async #load() {
    this.#retry.hidden = true;
    this.#state.textContent = word("loading");
    try {
      this.#preferences.take(await this.#page.api.call("GET", PATH));
      this.#state.textContent = "";
      this.#body.hidden = false;
    } catch (error) {
      this.#state.textContent = explain(error);
      this.#retry.hidden = false;
    }
  }

  #draw(told) {
    for (const part of this.#parts) part.draw(told);
  }

  /** Make a change of a part, {patch, apply}, or with a call of its own. What the server refuses is said in the part. */
  async #change({ wrong }, { method = "PATCH", path = PATH, patch, apply }) {
    wrong.textContent = "";
    try {
      await this.#preferences.change({ apply, send: () => this.#page.api.call(method, path, patch) });
    } catch (error) {
      const known = error.status === 422 && wrongOf(error.errors);
      wrong.textContent = known ? word(known) : explain(error);
    }
  }
}
