/** For each event, and each category of several: whether it comes, shows a toast, and is pushed to devices. */

import { element } from "../elements.js";
import { optionalWord, word } from "../words.js";
import { CHANNELS, categoriesOf, chooseCategory, chooseEvent, stateOf } from "./choices.js";
import { section } from "./view.js";

const CHANNEL_WORDS = { in_app: word("channel_in_app"), toast: word("channel_toast"), web_push: word("channel_web_push") };

export class ChannelsPart {
  #part = section("channels", word("what_comes"), word("what_comes_hint"));
  #change;
  #told = null;
  #rows = element("tbody");
  #boxes = []; // {box, draw(told)}

  /** `change(part, change)` makes a change. */
  constructor(change) {
    this.#change = (made) => change(this.#part, made);
    const heads = CHANNELS.map((channel) => element("th", { scope: "col", textContent: CHANNEL_WORDS[channel] }));
    const corner = element("td", {});
    const table = element("table", { className: "channels" }, element("thead", {}, element("tr", {}, corner, ...heads)), this.#rows);
    table.setAttribute("aria-labelledby", this.#part.title.id);
    this.#part.wrong.before(table);
    this.element = this.#part.element;
  }

  draw(told) {
    this.#told = told;
    if (this.#boxes.length === 0) this.#build(told);
    for (const box of this.#boxes) box.draw(told);
  }

  #build(told) {
    for (const [category, events] of categoriesOf(told)) {
      if (events.length > 1) this.#addCategory(category, told.categories[category]);
      for (const event of events) this.#addEvent(event, told.events[event], events.length > 1);
    }
  }

  #addCategory(category, { required }) {
    const label = optionalWord(`category_${category}`) ?? category;
    const cells = CHANNELS.map((channel) =>
      this.#cell(label, channel, required, {
        valueOf: (told) => stateOf(told, category, channel),
        isOff: (told) => channel !== "in_app" && stateOf(told, category, "in_app") === false,
        change: (isOn) => chooseCategory(this.#told, category, channel, isOn),
      }),
    );
    this.#add(label, cells, { className: "category", required });
  }

  #addEvent(event, { text, required }, isInner) {
    const label = optionalWord(`event_${event.replaceAll(" ", "_")}`) ?? text;
    const cells = CHANNELS.map((channel) =>
      this.#cell(label, channel, required, {
        valueOf: (told) => told.events[event][channel],
        isOff: (told) => channel !== "in_app" && !told.events[event].in_app,
        change: (isOn) => chooseEvent(event, channel, isOn),
      }),
    );
    this.#add(label, cells, { className: isInner ? "inner" : "category", required });
  }

  #add(label, cells, { className, required }) {
    const head = element("th", { scope: "row" }, element("span", { dir: "auto", textContent: label }));
    if (required) head.append(element("small", { className: "faint", textContent: word("required") }));
    this.#rows.append(element("tr", { className }, head, ...cells));
  }

  /** What does not come at all shows no toast either, so its other boxes are off and can't be changed. */
  #cell(label, channel, required, { valueOf, isOff, change }) {
    const box = element("input", { type: "checkbox", ariaLabel: `${label}: ${CHANNEL_WORDS[channel]}` });
    box.onchange = () => this.#change(change(box.checked));
    const draw = (told) => {
      const value = valueOf(told);
      box.disabled = required || isOff(told);
      box.checked = required || (value !== false && value !== null && !isOff(told));
      box.indeterminate = !required && value === null && !isOff(told);
    };
    this.#boxes.push({ draw });
    return element("td", {}, element("label", {}, box));
  }
}
