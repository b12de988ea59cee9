/** Notices that come up for a while. The newest few stay; the inbox has them all. */

import { avatar, button, byId, element, moveFocus, written } from "./elements.js";

const SECONDS = 8;
const LEAVING_MS = 300;
const NARROW = "(max-width: 40rem)";

/** None moves, and none goes, while the pointer or the focus is on one of them: new ones wait until then. */
export class Toasts {
  #shown = byId("toasts");
  #waiting = [];
  #timers = new Map(); // by toast
  #isPointerOn = false;
  #cameFrom = null; // what had the focus before a toast had it

  constructor() {
    this.#shown.addEventListener("pointerenter", () => this.#hold((this.#isPointerOn = true)));
    this.#shown.addEventListener("pointerleave", () => this.#letGo((this.#isPointerOn = false)));
    this.#shown.addEventListener("focusin", ({ relatedTarget }) => {
      if (!this.#shown.contains(relatedTarget)) this.#cameFrom = relatedTarget;
      this.#hold();
    });
    this.#shown.addEventListener("focusout", () => setTimeout(() => this.#letGo()));
    document.addEventListener("keydown", (event) => this.#escape(event));
  }

  show({ user_name: name, user_photo: photo }, text) {
    const toast = element("div", { className: "toast" }, avatar(name, photo));
    const close = button("×", { label: "Dismiss", className: "plain", onclick: () => this.#remove(toast) });
    toast.append(element("p", { className: "grow" }, element("strong", {}, written(name)), " ", written(text)), close);
    this.#waiting.push(toast);
    if (this.#waiting.length > most()) this.#waiting.shift();
    this.#letGo();
  }

  clear() {
    this.#waiting = [];
    for (const toast of [...this.#shown.children]) this.#remove(toast);
  }

  /** Touches leave no pointer behind, though `:hover` stays; a toast that is removed leaves no `:hover`. */
  get #isHeld() {
    const isPointerOn = this.#isPointerOn && this.#shown.querySelector(":hover") !== null;
    return isPointerOn || this.#shown.contains(document.activeElement);
  }

  #hold() {
    for (const toast of this.#shown.children) this.#stay(toast);
  }

  /** Show what has waited, and have all go after a while, unless somebody is at them. */
  #letGo() {
    if (this.#isHeld) return;
    this.#shown.append(...this.#waiting.splice(0));
    while (this.#shown.children.length > most()) this.#remove(this.#shown.firstElementChild);
    for (const toast of this.#shown.children) if (!this.#timers.has(toast)) this.#leaveLater(toast);
  }

  #stay(toast) {
    clearTimeout(this.#timers.get(toast));
    this.#timers.delete(toast);
    toast.classList.remove("leaving");
  }

  /** It fades first, so that a click that comes a moment late still hits the toast, and nothing below it. */
  #leaveLater(toast) {
    const fade = () => {
      toast.classList.add("leaving");
      this.#timers.set(toast, setTimeout(() => this.#remove(toast), LEAVING_MS));
    };
    this.#timers.set(toast, setTimeout(fade, SECONDS * 1000));
  }

  #remove(toast) {
    this.#stay(toast);
    const neighbour = toast.nextElementSibling ?? toast.previousElementSibling;
    const before = this.#cameFrom?.isConnected ? this.#cameFrom : byId("inbox-title");
    moveFocus({ from: toast, to: neighbour?.querySelector("button") ?? before });
    toast.remove();
    setTimeout(() => this.#letGo());
  }

  /** Escape dismisses the toast with the focus, or the newest. Dialogs, and fields with text, use it themselves. */
  #escape({ key, target }) {
    if (key !== "Escape" || document.querySelector("dialog[open]") || target.value) return;
    const toast = target.closest?.(".toast") ?? this.#shown.lastElementChild;
    if (toast) this.#remove(toast);
  }
}

/** On a phone more of them would cover half of the page. */
function most() {
  return matchMedia(NARROW).matches ? 2 : 4;
}
