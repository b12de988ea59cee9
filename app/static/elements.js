/** How the page makes elements. All text goes in as text: nothing that a user wrote is ever read as HTML. */

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Make a button; `label` says for screen readers what it is about, where the text alone does not. */
export function button(text, { label = text, className = "quiet", onclick }) {
  const made = element("button", { type: "button", className, textContent: text, onclick });
  made.setAttribute("aria-label", label);
  return made;
}

/** Show a photo, or the initial of the name where there is no photo or it can't be loaded. */
export function avatar(name, photo) {
  const initial = element("span", { className: "avatar", textContent: [...name][0]?.toUpperCase() ?? "?" });
  initial.setAttribute("aria-hidden", "true");
  initial.style.setProperty("--hue", [...name].reduce((hue, letter) => (hue * 31 + letter.codePointAt(0)) % 360, 0));
  if (!photo) return initial;
  const image = element("img", { className: "avatar", alt: "", referrerPolicy: "no-referrer" });
  image.onerror = () => image.replaceWith(initial);
  image.src = photo;
  return image;
}
