/** How the page makes elements. All text goes in as text: nothing that a user wrote is ever read as HTML. */

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Show what a user wrote: its direction, whatever characters it holds, ends with it. */
export function written(text) {
  return element("bdi", { textContent: text });
}

/** Say something to screen readers alone. */
export function unseen(...content) {
  return element("span", { className: "unseen" }, ...content);
}

/**
 * Make a button. For screen readers, `about` goes on where its text ends, and `label` stands in place of a text that
 * is but a sign.
 */
export function button(text, { label, about = [], className = "quiet", onclick }) {
  const made = element("button", { type: "button", className, onclick }, text, " ", unseen(...about));
  if (label) made.ariaLabel = label;
  return made;
}

/** Switch a button off or on. It keeps the focus, which an element that is `disabled` would lose. */
export function switchOff(made, isOff) {
  made.setAttribute("aria-disabled", isOff);
}

/** Have a button that is switched off do nothing. */
export function guardSwitchedOff() {
  const guard = (event) => event.target.closest?.("[aria-disabled=true]") && event.stopImmediatePropagation();
  document.addEventListener("click", guard, { capture: true });
}

/** Move the focus out of what is about to go, if it is there; what is seen stays in its place. */
export function moveFocus({ from, to }) {
  if (from.contains(document.activeElement)) to.focus({ preventScroll: true });
}

/** Show a photo, or the initial of the name where there is no photo or it can't be loaded. */
export function avatar(name, photo) {
  const initial = element("span", { className: "avatar", textContent: [...name][0]?.toUpperCase() ?? "?" });
  initial.setAttribute("aria-hidden", "true");
  initial.style.setProperty("--hue", [...name].reduce((hue, letter) => (hue * 31 + letter.codePointAt(0)) % 360, 0));
  // The picture of those who have none is for clients that can't draw an initial.
  if (!photo || photo === document.body.dataset.defaultPhoto) return initial;
  const image = element("img", { className: "avatar", alt: "", referrerPolicy: "no-referrer" });
  image.onerror = () => image.replaceWith(initial);
  image.src = photo;
  return image;
}
