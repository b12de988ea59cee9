/** Quiet hours: when there is no toast and no push, by the clock of a time zone. */

import { element } from "../elements.js";
import { word } from "../words.js";
import { option, section } from "./view.js";

const FIRST = { from: "22:00", to: "07:00" };

export class QuietHoursPart {
  #part = section("quiet-hours", word("quiet_hours"), word("quiet_hours_hint"));
  #change;
  #isOn = option(word("quiet_hours_on"), { onchange: () => this.#send() });
  #from = element("input", { type: "time", required: true, value: FIRST.from, onchange: () => this.#send() });
  #to = element("input", { type: "time", required: true, value: FIRST.to, onchange: () => this.#send() });
  #zone = element("select", { onchange: () => this.#send() });
  #fields;

  constructor(change) {
    this.#change = (made) => change(this.#part, made);
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zones = new Set([here, ...(Intl.supportedValuesOf?.("timeZone") ?? [])]);
    this.#zone.append(...[...zones].sort().map(choice));
    this.#zone.value = here;
    const from = element("label", {}, word("from"), this.#from);
    const to = element("label", {}, word("to"), this.#to);
    const zone = element("label", {}, word("time_zone"), this.#zone);
    this.#fields = element("div", { className: "times", hidden: true }, from, to, zone);
    this.#part.wrong.before(this.#isOn.element, this.#fields);
    this.element = this.#part.element;
  }

  draw({ quiet_hours: quiet }) {
    this.#isOn.box.checked = quiet !== null;
    this.#fields.hidden = quiet === null;
    if (quiet === null) return;
    if (![...this.#zone.options].some(({ value }) => value === quiet.zone)) this.#zone.append(choice(quiet.zone));
    for (const [field, value] of [[this.#from, quiet.from], [this.#to, quiet.to], [this.#zone, quiet.zone]]) {
      // Who types is not disturbed.
      if (field.value !== value && field !== document.activeElement) field.value = value;
    }
  }

  #send() {
    const [from, to, zone] = [this.#from, this.#to, this.#zone].map(({ value }) => value);
    const isOn = this.#isOn.box.checked;
    const wrong = isOn && wrongWith(from, to);
    this.#fields.hidden = !isOn;
    for (const field of [this.#from, this.#to]) field.ariaInvalid = wrong ? "true" : null;
    if (wrong) {
      this.#part.wrong.textContent = word(wrong);
      return;
    }
    const quiet = isOn ? { from, to, zone } : null;
    this.#change({ patch: { quiet_hours: quiet }, apply: (told) => ({ ...told, quiet_hours: quiet }) });
  }
}

function wrongWith(from, to) {
  if (!from || !to) return "wrong_time";
  return from === to ? "wrong_quiet_hours" : null;
}

function choice(zone) {
  return element("option", { value: zone, textContent: zone.replaceAll("_", " ") });
}
