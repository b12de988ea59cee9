/** Creates the elements of the page. All text is inserted as text: what a user wrote is never parsed as HTML. */

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Show what a user wrote. Its text direction does not change the text around it. */
export function written(text) {
  return element("bdi", { textContent: text });
}

/** Create content for screen readers only. */
export function unseen(...content) {
  return element("span", { className: "unseen" }, ...content);
}

/**
 * Create a button. For screen readers, `about` continues its text, and `label` replaces a text that is only a symbol.
 */
export function button(text, { label, about = [], className = "quiet", onclick }) {
  const made = element("button", { type: "button", className, onclick }, text, " ", unseen(...about));
  if (label) made.ariaLabel = label;
  return made;
}

/** Switch a button off or on. It keeps the focus. With `disabled` it would lose the focus. */
export function switchOff(made, isOff) {
  made.setAttribute("aria-disabled", isOff);
}

/** Ignore clicks on buttons that are switched off. */
export function guardSwitchedOff() {
  const guard = (event) => event.target.closest?.("[aria-disabled=true]") && event.stopImmediatePropagation();
  document.addEventListener("click", guard, { capture: true });
}

/** If the focus is inside an element that is about to be removed, move it out, without scrolling. */
export function moveFocus({ from, to }) {
  if (from.contains(document.activeElement)) to.focus({ preventScroll: true });
}

/** Show a photo, or the first letter of the name if there is no photo or it can't be loaded. */
export function avatar(name, photo) {
  const initial = element("span", { className: "avatar", textContent: [...name][0]?.toUpperCase() ?? "?" });
  initial.setAttribute("aria-hidden", "true");
  initial.style.setProperty("--hue", [...name].reduce((hue, letter) => (hue * 31 + letter.codePointAt(0)) % 360, 0));
  // The default photo is for clients that can't draw a letter.
  if (!photo || photo === document.body.dataset.defaultPhoto) return initial;
  const image = element("img", { className: "avatar", alt: "", referrerPolicy: "no-referrer" });
  image.onerror = () => image.replaceWith(initial);
  image.src = photo;
  return image;
}
