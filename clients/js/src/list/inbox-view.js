/** The inbox as people see it: a head with the count and the buttons, and the list. The bell and pages show the same. */

import { element, iconButton, moveFocus, unseen, button } from "./elements.js";
import { ICONS } from "./icons.js";
import { NotificationList } from "./notification-list.js";
import { Times } from "./times.js";
import { wordsOf } from "../words/words.js";

const IDLE_MS = 300;
const MINUTE_MS = 60_000;
const BUSY_EVENTS = ["pointerover", "focusin", "focusout"];

export class InboxView {
  #inbox;
  #context;
  #below;
  #scroller;
  #list;
  #head;
  #badge = element("span", { className: "badge", hidden: true });
  #count = unseen();
  #pill;
  #markAll;
  #reload;
  #hasBeenRead = false;
  #frame = null;
  #idleTimer;
  #ended = new AbortController();

  /**
   * Show an InboxStore. `words` are other words than those of `language`. `templates` are what is declared by event, {text,
   * link}, `icons` paths by event; `photoOf(photo)` is the address of a photo. `open(item)` is called when a row is used; without
   * it, it is marked as read. `scroller` is the element that scrolls, if it is not the page. `below` is an element that
   * a longer list moves.
   */
  constructor(inbox, { language, words, templates = {}, icons = {}, photoOf = (photo) => photo, open, scroller, below }) {
    this.#inbox = inbox;
    this.#below = below;
    this.#scroller = scroller;
    const markRead = (ids) => attempt(inbox.markRead(ids));
    const openItem = open ?? (({ id, read }) => read || markRead([id]));
    const own = { words: { ...wordsOf(language), ...words }, times: new Times(language) };
    this.#context = { ...own, templates, icons, photoOf, open: openItem, markRead, drawNow: () => this.#draw() };
    this.#build();
    this.#listen();
    this.#take();
  }

  /** Stop to follow the inbox. */
  destroy() {
    this.#ended.abort();
    this.#list.destroy();
    clearTimeout(this.#idleTimer);
    cancelAnimationFrame(this.#frame);
  }

  /** The heading. It can have the focus. */
  get title() {
    return this.#context.title;
  }

  /** The bar above the list. */
  get head() {
    return this.#head;
  }

  /** Read the inbox because the reader asked for it. New notifications are shown at once. */
  async reload() {
    this.#showNew();
    await this.#inbox.load();
    this.#showNew();
  }

  #build() {
    const { words } = this.#context;
    const title = element("h2", { id: "title", tabIndex: -1 }, `${words.title} `, this.#badge, this.#count);
    this.#badge.setAttribute("aria-hidden", "true");
    this.#count.classList.add("count");
    this.#context.title = title;
    this.#pill = button({ className: "pill", hidden: true, onclick: () => this.#showNewOnClick() });
    this.#markAll = iconButton(ICONS.checks, words.markAllRead, { className: "icon mark-all", onclick: () => this.#markAllRead() });
    this.#reload = iconButton(ICONS.refresh, words.refresh, { className: "icon reload", onclick: () => this.reload() });
    const status = element("span", { role: "status" }, this.#pill);
    this.#head = element("div", { className: "head" }, title, status, this.#markAll, this.#reload);
    this.#list = new NotificationList(this.#inbox, this.#context);
    this.element = element("div", { className: "inbox" }, this.#head, this.#list.element);
  }

  #listen() {
    const { signal } = this.#ended;
    const showWhenIdle = () => this.#showWhenIdle();
    for (const event of BUSY_EVENTS) document.addEventListener(event, showWhenIdle, { signal });
    document.documentElement.addEventListener("pointerleave", showWhenIdle, { signal });
    (this.#scroller ?? document).addEventListener("scroll", showWhenIdle, { signal, passive: true });
    const unsubscribe = this.#inbox.subscribe(() => this.#take());
    const clock = setInterval(() => this.#list.drawTimes(), MINUTE_MS);
    signal.addEventListener("abort", () => {
      unsubscribe();
      clearInterval(clock);
    });
  }

  /** Counts are shown at once, rows with the next frame: many may come at a time. */
  #take() {
    const { unread } = this.#inbox.getSnapshot();
    const count = this.#context.words.unread(unread);
    this.#badge.textContent = unread > 99 ? "99+" : unread;
    this.#badge.hidden = unread === 0;
    if (this.#count.textContent !== count) this.#count.textContent = count;
    this.#markAll.setAttribute("aria-disabled", unread === 0);
    this.#frame ??= requestAnimationFrame(() => this.#draw());
  }

  #draw({ showsNew = false } = {}) {
    cancelAnimationFrame(this.#frame);
    this.#frame = null;
    const snapshot = this.#inbox.getSnapshot();
    const isFirst = !this.#hasBeenRead && snapshot.status === "ready";
    this.#hasBeenRead ||= isFirst;
    const shows = showsNew || isFirst || (this.#list.waiting.length === 0 && !this.#isBusy());
    this.#list.draw(snapshot, { showsNew: shows });
    this.#drawPill();
    if (this.#list.waiting.length) this.#showWhenIdle();
  }

  #drawPill() {
    const count = this.#list.waiting.length;
    if (count === 0) moveFocus({ from: this.#pill, to: this.title });
    this.#pill.hidden = count === 0;
    if (count === 0) return;
    this.#pill.textContent = this.#context.words.newOnes(count);
    this.#pill.setAttribute("aria-label", this.#context.words.showNew(count));
  }

  #showNew() {
    this.#draw({ showsNew: true });
  }

  #showNewOnClick() {
    const newest = this.#list.waiting[0].id;
    this.#showNew();
    if (this.#isScrolled()) this.element.scrollIntoView({ block: "start" });
    this.#list.focus(newest);
  }

  /** Wait a moment: when the pointer leaves the rows for the button, neither should change on the way. */
  #showWhenIdle() {
    if (this.#list.waiting.length === 0) return;
    this.#idleTimer ??= setTimeout(() => {
      this.#idleTimer = undefined;
      if (!this.#isBusy()) this.#showNew();
    }, IDLE_MS);
  }

  /** Return whether the reader works with something that a new row would move, or has scrolled down. */
  #isBusy() {
    const isAt = (place) => place.matches(":hover, :focus-within");
    if (isAt(this.#pill)) return true;
    if (this.#list.size > 0 && (this.#isScrolled() || isAt(this.#list.element))) return true;
    const below = this.#below;
    return Boolean(below) && below.getBoundingClientRect().top >= this.#area.bottom && isAt(below);
  }

  #isScrolled() {
    return this.#area.top < this.#head.getBoundingClientRect().bottom - 1;
  }

  get #area() {
    return this.#list.element.getBoundingClientRect();
  }

  async #markAllRead() {
    if (this.#markAll.getAttribute("aria-disabled") === "true") return;
    this.#showNew();
    await attempt(this.#inbox.markAllRead());
  }
}

/** The store takes back what failed, and says so in its snapshot. */
async function attempt(marking) {
  await marking.catch(() => {});
}
