/** The button that switches Web Push on and off in this browser. */

import { byId, switchOff } from "./elements.js";
import { explain, word } from "./words.js";
import { WebPush } from "./web-push.js";

export class WebPushSwitch {
  #webPush;
  #state = "missing";

  constructor(api) {
    this.#webPush = new WebPush(api);
    byId("web-push-switch").onclick = () => this.#change();
  }

  /** Show what it does now; nothing where there is no Web Push. */
  async show() {
    byId("web-push-state").textContent = "";
    await this.#read().catch(() => (byId("web-push").hidden = true));
  }

  /** Tell the server that this browser is still there. The next visit does it if it fails now. */
  async renew() {
    await this.#webPush.renew().catch(() => {});
  }

  /** The user has logged out here. */
  async forget() {
    await this.#webPush.forget().catch(() => {});
  }

  async #read() {
    this.#state = await this.#webPush.state();
    const isOn = this.#state === "on";
    byId("web-push").hidden = this.#state === "missing";
    byId("web-push-switch").textContent = word(isOn ? "web_push_on" : "web_push_off");
  }

  async #change() {
    switchOff(byId("web-push-switch"), true);
    byId("web-push-state").textContent = "";
    try {
      await (this.#state === "on" ? this.#webPush.turnOff() : this.#webPush.turnOn());
      await this.#read();
    } catch (error) {
      byId("web-push-state").textContent = explain(error);
    } finally {
      switchOff(byId("web-push-switch"), false);
    }
  }
}
