/** What each view has: a head with the way back, and sections. */

import { element } from "../elements.js";
import { word } from "../words.js";

/** Return {head, title} of a view. */
export function headOf(text) {
  const title = element("h2", { id: "view-title", tabIndex: -1, textContent: text });
  const back = element("a", { href: "#", className: "back", textContent: "‹" });
  back.ariaLabel = word("back");
  back.title = word("back");
  return { title, head: element("div", { className: "view-head" }, back, title) };
}

/** Return {element, title, wrong}: a part of a view. `wrong` says what went wrong in it. */
export function section(id, heading, hint) {
  const title = element("h3", { id: `${id}-title`, tabIndex: -1, textContent: heading });
  const about = hint ? [element("p", { className: "faint", textContent: hint })] : [];
  const wrong = element("p", { className: "wrong", role: "alert" });
  const made = element("section", { id, className: "settings-part" }, title, ...about, wrong);
  made.setAttribute("aria-labelledby", title.id);
  return { element: made, title, wrong };
}

/** Return {element, box}: a box to tick with its text, and what it means below. */
export function option(text, { hint, type = "checkbox", ...properties }) {
  const box = element("input", { type, ...properties });
  const about = hint ? [element("small", { className: "faint", textContent: hint })] : [];
  return { box, element: element("label", { className: "option" }, box, element("span", {}, element("span", { textContent: text }), ...about)) };
}
