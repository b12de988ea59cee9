/**
 * Swipes over a row, by touch. In the direction of reading they mark it read or unread, against it they archive it. Who
 * moves the finger back before lifting it has done nothing. `touch-action` leaves vertical moves to the browser, which then
 * cancels the pointer.
 */

import { element, icon } from "./elements.js";
import { ICONS } from "./icons.js";
import { isStill } from "./slide.js";

const SLOP = 12; // px, before a move is a swipe
const FAR = 88; // px, from where on it counts
const BACK_MS = 160;
const PICTURES = { markRead: ICONS.check, markUnread: ICONS.dot, archive: ICONS.archive, unarchive: ICONS.inbox };

/** `context` is that of InboxView. `itemOf(article)` is the notification of a row. */
export function listenForSwipes(list, context, itemOf) {
  let swipe = null;
  let endedAt = -Infinity;
  const end = (event) => {
    if (swipe?.pointerId !== event.pointerId) return;
    if (swipe.isMoving) endedAt = event.timeStamp;
    swipe.end(event.type === "pointerup");
    swipe = null;
  };
  list.addEventListener("pointerdown", (event) => {
    const row = event.target.closest("article");
    if (event.pointerType !== "touch" || !event.isPrimary || row === null) return;
    swipe = new Swipe(row, event, context, itemOf(row));
  });
  list.addEventListener("pointermove", (event) => swipe?.pointerId === event.pointerId && swipe.move(event));
  list.addEventListener("pointerup", end);
  list.addEventListener("pointercancel", end);
  // The click of a finger that has swiped opens nothing.
  list.addEventListener("click", (event) => event.timeStamp - endedAt < 50 && event.preventDefault(), { capture: true });
}

class Swipe {
  pointerId;
  isMoving = false;
  #row;
  #from;
  #context;
  #item;
  #sign; // 1 if the text runs to the right
  #hint = null;
  #what = null; // what is done if the finger is lifted now
  #x = 0;

  constructor(row, { pointerId, clientX, clientY }, context, item) {
    Object.assign(this, { pointerId });
    this.#row = row;
    this.#from = { x: clientX, y: clientY };
    this.#context = context;
    this.#item = item;
    this.#sign = getComputedStyle(row).direction === "rtl" ? -1 : 1;
  }

  move({ clientX, clientY }) {
    const x = clientX - this.#from.x;
    if (!this.isMoving && !this.#begin(x, clientY - this.#from.y)) return;
    const what = this.#choose(x * this.#sign > 0);
    this.#x = what ? x : 0;
    this.#what = Math.abs(this.#x) >= FAR ? what : null;
    this.#row.style.translate = `${this.#x}px`;
    this.#drawHint(what);
  }

  end(isLifted) {
    const what = isLifted ? this.#what : null;
    this.#row.style.translate = "";
    this.#row.classList.remove("swiped");
    this.#hint?.remove();
    if (what) this.#context.act[what](this.#item);
    else if (this.isMoving && !isStill()) this.#row.animate({ translate: [`${this.#x}px`, "0"] }, BACK_MS);
  }

  #begin(x, y) {
    if (Math.abs(x) < SLOP || Math.abs(x) < Math.abs(y)) return false;
    this.isMoving = true;
    this.#hint = element("span", { className: "hint", ariaHidden: "true" });
    this.#row.classList.add("swiped");
    this.#row.setPointerCapture(this.pointerId);
    this.#row.append(this.#hint);
    return true;
  }

  #choose(isForward) {
    const { read, archived_at: archivedAt } = this.#item;
    const { hasStates } = this.#context.source().getSnapshot();
    if (!hasStates) return isForward && !read ? "markRead" : null;
    if (isForward) return read ? "markUnread" : "markRead";
    return archivedAt ? "unarchive" : "archive";
  }

  #drawHint(what) {
    this.#hint.className = `hint ${this.#x * this.#sign > 0 ? "forward" : "back"}${this.#what ? " far" : ""}`;
    if (what === null || this.#hint.dataset.what === what) return;
    this.#hint.dataset.what = what;
    this.#hint.replaceChildren(icon(PICTURES[what]), this.#context.words[what]);
  }
}
