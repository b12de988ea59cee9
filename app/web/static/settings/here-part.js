/** How this browser tells of what comes: a notification of the desktop, a sound, and Web Push while no page is open. */

import { switchOff } from "../elements.js";
import { explain, word } from "../words.js";
import { option, section } from "./view.js";

export class HerePart {
  #part = section("here", word("this_browser"), word("this_browser_hint"));
  #alerts;
  #webPush;
  #desktop = option(word("desktop"), { hint: word("desktop_hint"), onchange: () => this.#setDesktop() });
  #sound = option(word("sound"), { onchange: () => this.#alerts.setSound(this.#sound.box.checked) });
  #push = option(word("web_push"), { hint: word("web_push_hint"), id: "web-push-switch", onchange: () => this.#setPush() });

  constructor({ alerts, webPush }) {
    this.#alerts = alerts;
    this.#webPush = webPush;
    this.#desktop.element.hidden = !("Notification" in window);
    this.#push.element.hidden = true;
    this.#part.wrong.before(this.#desktop.element, this.#sound.element, this.#push.element);
    this.element = this.#part.element;
    this.#draw();
    // Where there is no Web Push, it is not shown.
    this.#drawPush().catch(() => {});
  }

  #draw() {
    this.#desktop.box.checked = this.#alerts.desktop;
    this.#sound.box.checked = this.#alerts.sound;
  }

  async #drawPush() {
    const state = await this.#webPush.state();
    this.#push.element.hidden = state === "missing";
    this.#push.box.checked = state === "on";
  }

  async #setDesktop() {
    this.#part.wrong.textContent = "";
    const isOn = await this.#alerts.setDesktop(this.#desktop.box.checked);
    if (this.#desktop.box.checked && !isOn) this.#part.wrong.textContent = word("web_push_not_allowed");
    this.#draw();
  }

  async #setPush() {
    const { box } = this.#push;
    this.#part.wrong.textContent = "";
    box.ariaBusy = "true";
    switchOff(box, true);
    try {
      await (box.checked ? this.#webPush.turnOn() : this.#webPush.turnOff());
    } catch (error) {
      this.#part.wrong.textContent = explain(error);
    } finally {
      box.ariaBusy = null;
      switchOff(box, false);
    }
    await this.#drawPush().catch(() => {});
  }
}
