/** What becomes of what strangers do: it comes, it is among the requests, or it does not come. */

import { element } from "../elements.js";
import { word } from "../words.js";
import { option, section } from "./view.js";

const CHOICES = {
  accept: { text: word("strangers_accept") },
  filter: { text: word("strangers_filter"), hint: word("strangers_filter_hint") },
  drop: { text: word("strangers_drop") },
};

export class StrangersPart {
  #part = section("strangers", word("strangers"), word("strangers_hint"));
  #options;

  constructor(change) {
    this.#options = Object.entries(CHOICES).map(([value, { text, hint }]) => {
      const apply = (told) => ({ ...told, strangers: value });
      const onchange = () => change(this.#part, { patch: { strangers: value }, apply });
      return option(text, { hint, type: "radio", name: "strangers", value, onchange });
    });
    const link = element("a", { href: "#requests", className: "to-requests", textContent: word("show_requests") });
    const group = element("div", { role: "radiogroup" }, ...this.#options.map((made) => made.element));
    group.setAttribute("aria-labelledby", this.#part.title.id);
    this.#part.wrong.before(group, link);
    this.element = this.#part.element;
  }

  draw({ strangers }) {
    for (const { box } of this.#options) box.checked = box.value === strangers;
  }
}
