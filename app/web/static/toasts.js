/**
 * Short messages about new notifications, for who does not look at the inbox. Only the newest few are shown, and one for
 * each group. A click does what it does on the row.
 */

import { avatar, button, byId, element, moveFocus } from "./elements.js";
import { asElements, asText } from "./push/list/description.js";
import { word } from "./words.js";

const SECONDS = 8;
const LEAVING_MS = 300;
const GAP = 8; // pixels between two toasts
const NARROW = "(max-width: 40rem)";

/** While the pointer or the focus is on a toast, no toast moves or disappears, and new ones wait. */
export class Toasts {
  #shown = byId("toasts");
  #waiting = [];
  #timers = new Map(); // by toast
  #groups = new WeakMap(); // the id of its group by toast
  #isPointerOn = false;
  #focusedBefore = null; // the element that had the focus before a toast

  constructor() {
    this.#shown.addEventListener("pointerenter", () => this.#hold((this.#isPointerOn = true)));
    this.#shown.addEventListener("pointerleave", () => this.#release((this.#isPointerOn = false)));
    this.#shown.addEventListener("focusin", ({ relatedTarget }) => {
      if (!this.#shown.contains(relatedTarget)) this.#focusedBefore = relatedTarget;
      this.#hold();
    });
    this.#shown.addEventListener("focusout", () => setTimeout(() => this.#release()));
    document.addEventListener("keydown", (event) => this.#escape(event));
  }

  /** `parts` are those of the text, `href` is where a click leads, or null; `open()` is called with it. */
  show({ user_name: name, user_photo: photo, group_id: groupId }, { parts, href, open }) {
    const toast = this.#find(groupId) ?? this.#create(groupId);
    toast.querySelector(".avatar").replaceWith(avatar(name, photo));
    linkOf(toast, href).onclick = () => (open(), this.#fade(toast));
    const text = toast.querySelector("p");
    if (text.textContent !== asText(parts)) text.replaceChildren(...asElements(parts)); // screen readers say it again
    if (toast.isConnected) return this.#restart(toast);
    this.#waiting = [...this.#waiting.filter((other) => other !== toast), toast];
    if (this.#waiting.length > most()) this.#waiting.shift();
    this.#release();
  }

  #create(groupId) {
    const close = button("×", { label: word("dismiss"), className: "plain", onclick: () => this.#remove(toast) });
    const place = element("div", { className: "grow" }, element("p", { dir: "auto", ariaAtomic: "true" }));
    const toast = element("div", { className: "toast" }, avatar("", null), place, close);
    if (groupId !== undefined) this.#groups.set(toast, groupId);
    return toast;
  }

  /** Return the toast of a group, shown or waiting. */
  #find(groupId) {
    if (groupId === undefined) return undefined;
    return [...this.#shown.children, ...this.#waiting].find((toast) => this.#groups.get(toast) === groupId);
  }

  /** It has changed, so it stays for as long as a new one. */
  #restart(toast) {
    this.#keep(toast);
    this.#release();
  }

  clear() {
    this.#waiting = [];
    for (const toast of [...this.#shown.children]) this.#remove(toast);
  }

  /** After a touch there is no pointer, but `:hover` stays. After a toast is removed, there is no `:hover`. */
  get #isHeld() {
    const isPointerOn = this.#isPointerOn && this.#shown.querySelector(":hover") !== null;
    return isPointerOn || this.#shown.contains(document.activeElement);
  }

  #hold() {
    for (const toast of this.#shown.children) this.#keep(toast);
  }

  /** Show the waiting toasts, and let all disappear after a while, unless the user is on one of them. */
  #release() {
    if (this.#isHeld) return;
    this.#shown.append(...this.#waiting.splice(0));
    while (this.#shown.children.length > most()) this.#remove(this.#shown.firstElementChild);
    for (const toast of this.#shown.children) if (!this.#timers.has(toast)) this.#removeLater(toast);
    this.#stack();
  }

  /** The newest is at the bottom. They are moved by a transform, which moves nothing else in the page. */
  #stack() {
    let below = 0;
    for (const toast of [...this.#shown.children].reverse()) {
      toast.style.setProperty("--below", `${below}px`);
      below += toast.offsetHeight + GAP;
    }
  }

  #keep(toast) {
    clearTimeout(this.#timers.get(toast));
    this.#timers.delete(toast);
    toast.classList.remove("leaving");
  }

  #removeLater(toast) {
    this.#timers.set(toast, setTimeout(() => this.#fade(toast), SECONDS * 1000));
  }

  /** It fades first, so that a late click still hits the toast, and not an element below it. */
  #fade(toast) {
    this.#keep(toast);
    toast.classList.add("leaving");
    this.#timers.set(toast, setTimeout(() => this.#remove(toast), LEAVING_MS));
  }

  #remove(toast) {
    this.#keep(toast);
    const neighbour = toast.nextElementSibling ?? toast.previousElementSibling;
    const before = this.#focusedBefore?.isConnected ? this.#focusedBefore : (byId("inbox-title") ?? document.body);
    moveFocus({ from: toast, to: neighbour?.querySelector(".open") ?? before });
    toast.remove();
    setTimeout(() => this.#release());
  }

  /** Escape removes the toast with the focus, or the newest one. Dialogs and fields with text use Escape first. */
  #escape({ key, target }) {
    if (key !== "Escape" || document.querySelector("dialog[open]") || target.value) return;
    const toast = target.closest?.(".toast") ?? this.#shown.lastElementChild;
    if (toast) this.#remove(toast);
  }
}

/** Return what is to be clicked in a toast: a link if it leads somewhere. It stays, and so does the focus. */
function linkOf(toast, href) {
  const tag = href === null ? "button" : "a";
  const known = toast.querySelector(".open");
  const link = known?.localName === tag ? known : element(tag, { className: "open" });
  if (href === null) link.type = "button";
  else link.href = href;
  if (link === known) return link;
  toast.querySelector(".grow").append(link);
  link.append(toast.querySelector("p"));
  if (known) moveFocus({ from: known, to: link });
  known?.remove();
  return link;
}

/** On a phone, more than two would cover half of the page. */
function most() {
  return matchMedia(NARROW).matches ? 2 : 4;
}
