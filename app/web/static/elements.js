/** Creates the elements of the page. All text is inserted as text: what a user wrote is never parsed as HTML. */

import { avatar as draw, element, unseen } from "./push/list/elements.js";

export { element, moveFocus, unseen, written } from "./push/list/elements.js";

export const byId = (id) => document.getElementById(id);

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

/** Return the address of a photo, or null for who has none: the default photo is for clients that can't draw a letter. */
export function photoOf(photo) {
  return photo && photo !== document.body.dataset.defaultPhoto ? photo : null;
}

export function avatar(name, photo) {
  return draw(name, photoOf(photo));
}
