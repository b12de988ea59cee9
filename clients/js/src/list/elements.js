/** Creates elements. All text is inserted as text: what a user wrote is never parsed as HTML. */

const SVG = "http://www.w3.org/2000/svg";
// They would change the direction of the text around them, or hide a part of it.
const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function button(properties, ...children) {
  return element("button", { type: "button", ...properties }, ...children);
}

/** A button with a picture only. `label` says what it does, to the eye as a tooltip. */
export function iconButton(path, label, properties = {}) {
  const made = button({ className: "icon", title: label, ...properties }, icon(path));
  made.setAttribute("aria-label", label);
  return made;
}

/** The same as a link. */
export function iconLink(path, label, properties) {
  const made = element("a", { title: label, ...properties }, icon(path));
  made.setAttribute("aria-label", label);
  return made;
}

export function icon(path) {
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("viewBox", "0 0 24 24");
  made.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  made.append(line);
  return made;
}

/** Show what a user wrote. Its text direction does not change the text around it. */
export function written(text) {
  return element("bdi", { textContent: plain(text) });
}

/** Return a text without the characters that control the direction of other text. */
export function plain(text) {
  return String(text).replace(BIDI_CONTROLS, "");
}

/** Create content for screen readers only. */
export function unseen(...content) {
  return element("span", { className: "unseen" }, ...content);
}

/** If the focus is inside an element that is about to be removed, move it out, without scrolling. */
export function moveFocus({ from, to }) {
  if (from.contains(from.getRootNode().activeElement)) to.focus({ preventScroll: true });
}

/** Show a photo, or the first letter of the name if there is no photo or it can't be loaded. */
export function avatar(name, photo) {
  const shown = plain(name);
  const letter = [...shown][0]?.toUpperCase() ?? "?";
  const initial = element("span", { className: "avatar", textContent: letter });
  initial.setAttribute("aria-hidden", "true");
  initial.style.setProperty("--hue", [...shown].reduce((hue, sign) => (hue * 31 + sign.codePointAt(0)) % 360, 0));
  if (!photo) return initial;
  const image = element("img", { className: "avatar", alt: "", referrerPolicy: "no-referrer", decoding: "async" });
  image.onerror = () => image.replaceWith(initial);
  image.src = photo;
  return image;
}
