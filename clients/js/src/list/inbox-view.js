/** The inbox as people see it: a head with the count and the buttons, and the list. The bell and pages show the same. */

import { button, element, iconButton, iconLink, moveFocus, plain, unseen } from "./elements.js";
import { ICONS } from "./icons.js";
import { Keys } from "./keys.js";
import { Menu } from "./menu.js";
import { NotificationList } from "./notification-list.js";
import { ownActions } from "./row-actions.js";
import { Tabs } from "./tabs.js";
import { Times } from "./times.js";
import { UndoBar } from "./undo-bar.js";
import { wordsOf } from "../words/words.js";

const IDLE_MS = 300;
const CALM_MS = 1000; // new rows come by themselves if fewer than FEW came in so long: in a burst the list would never rest
const FEW = 3;
const MOST_COMING = 20; // at once by themselves; more would be a list that the reader does not know
const SEEN_MS = 1000;
const STALE_MS = 2000;
const MINUTE_MS = 60_000;
const BUSY_EVENTS = ["pointerover", "focusin", "focusout"];

export class InboxView {
  #inbox;
  #context;
  #below;
  #settingsUrl;
  #requestsUrl;
  #requests = element("a", { className: "requests-line", hidden: true });
  #scroller;
  #list;
  #tabs;
  #undoBar;
  #keys;
  #menu = new Menu();
  #abilities; // what the server can do, on which the buttons of rows depend
  #panel = element("div", { role: "tabpanel" });
  #top;
  #head;
  #badge = element("span", { className: "badge", hidden: true });
  #count = unseen();
  #pill;
  #markAll;
  #isInView = false;
  #hasBeenRead = false;
  #frame = null;
  #idleTimer;
  #newest = 0;
  #cameAt = []; // when the newest FEW came
  #seenTimer;
  #staleTimer;
  #ended = new AbortController();

  /**
   * Show an InboxStore. `words` are other words than those of `language`. `templates` are what is declared by event, {text,
   * link}, `icons` paths by event; `photoOf(photo)` is the address of a photo. `open(item)` is called when a row is used;
   * without it, it is marked as read. `scroller` is the element that scrolls, if it is not the page. `below` is an element
   * that a longer list moves. `settingsUrl` and `requestsUrl` lead to the settings, and to what strangers did.
   * `actions` are what else can be done with a notification: [{name, icon, label(item), isShown(item), act(item), subscribe(draw)}].
   */
  constructor(inbox, { language, words, templates = {}, icons = {}, photoOf = (photo) => photo, open, scroller, below, settingsUrl, requestsUrl, actions = [] }) {
    this.#inbox = inbox;
    this.#settingsUrl = settingsUrl;
    this.#requestsUrl = requestsUrl;
    this.#below = below;
    this.#scroller = scroller;
    const act = this.#createActions();
    const openItem = open ?? ((item) => item.read || act.markRead(item));
    const own = { words: { ...wordsOf(language), ...words }, times: new Times(language), act, open: openItem };
    const every = [...actions, ...ownActions(own.words, act, inbox)];
    const source = () => inbox.inState(this.#tabs.chosen);
    this.#context = { ...own, language, templates, icons, photoOf, source, actions: every, menu: this.#menu, drawNow: () => this.#draw() };
    this.#build();
    this.#listen();
    this.#take();
  }

  /** Stop to follow the inbox. */
  destroy() {
    this.#ended.abort();
    this.#list.destroy();
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#seenTimer);
    clearTimeout(this.#staleTimer);
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

  /** Whether the list is on the screen, in a tab that is looked at. */
  get isInView() {
    return this.#isInView && !document.hidden;
  }

  /** Read the inbox because the reader asked for it. New notifications are shown at once. */
  async reload() {
    this.show();
    await Promise.all([this.#inbox.load(), this.#tabs.chosen === "all" || this.#context.source().load()]);
    this.show();
  }

  /** What can be done with a notification. What leaves the list can be taken back. */
  #createActions() {
    const change = (item, changes) => attempt(this.#inbox.change([item], changes));
    const move = (item, archived, said) => {
      const moving = change(item, { archived });
      this.#undoBar.show(this.#context.words[said], async () => {
        const ids = await moving;
        if (ids === null) change(item, { archived: !archived });
        else this.#undo(ids, { archived: !archived });
      });
    };
    return {
      markRead: (item) => attempt(this.#inbox.markRead([item])),
      markUnread: (item) => change(item, { read: false }),
      archive: (item) => move(item, true, "archived"),
      unarchive: (item) => move(item, false, "unarchived"),
      mute: (item) => this.#mute(item),
    };
  }

  async #mute({ data: { user_id: id, user_name: name } }) {
    const { words } = this.#context;
    const muting = attempt(this.#inbox.setMuted(id, true).then(() => true));
    this.#undoBar.show(words.muted(plain(name ?? "") || words.somebody), async () => {
      if (await muting) attempt(this.#inbox.setMuted(id, false));
    });
    if (!(await muting)) this.#undoBar.hide();
  }

  #build() {
    const { words } = this.#context;
    const title = element("h2", { id: "title", tabIndex: -1 }, `${words.title} `, this.#badge, this.#count);
    this.#badge.setAttribute("aria-hidden", "true");
    this.#count.classList.add("count");
    this.#context.title = title;
    this.#pill = button({ className: "pill", hidden: true, onclick: () => this.#showNewOnClick() });
    this.#markAll = iconButton(ICONS.checks, words.markAllRead, { className: "icon mark-all", onclick: () => this.#markAllRead() });
    const reload = iconButton(ICONS.refresh, words.refresh, { className: "icon reload", onclick: () => this.reload() });
    const shortcuts = iconButton(ICONS.keyboard, words.shortcuts, { className: "icon shortcuts", onclick: () => this.#keys.showHelp() });
    const status = element("span", { role: "status" }, this.#pill);
    this.#head = element("div", { className: "head" }, title, status, this.#markAll, reload, shortcuts);
    if (this.#settingsUrl) this.#head.append(iconLink(ICONS.sliders, words.settings, { className: "icon settings", href: this.#settingsUrl }));
    if (this.#requestsUrl) this.#requests.href = this.#requestsUrl;
    this.#tabs = new Tabs(words, this.#panel, () => this.#showState());
    this.#undoBar = new UndoBar(words, () => title);
    this.#keys = new Keys(words, this.#createKeys());
    this.#top = element("div", { className: "top" }, this.#head, this.#tabs.element);
    this.#list = new NotificationList(this.#context, "all");
    this.#panel.append(this.#list.element);
    this.element = element("div", { className: "inbox" }, this.#top, this.#requests, this.#panel, this.#undoBar.element, this.#keys.help, this.#menu.element);
  }

  #createKeys() {
    const { act } = this.#context;
    const withStates = (action) => () => {
      const item = this.#list.focused;
      if (item && this.#inbox.getSnapshot().hasStates) action(item);
    };
    return {
      j: () => this.#list.step(1),
      k: () => this.#list.step(-1),
      e: withStates((item) => (item.archived_at ? act.unarchive(item) : act.archive(item))),
      u: withStates((item) => (item.read ? act.markUnread(item) : act.markRead(item))),
    };
  }

  #listen() {
    const { signal } = this.#ended;
    const showWhenIdle = () => this.#showWhenIdle();
    document.addEventListener("scroll", () => this.#menu.close(), { signal, passive: true, capture: true });
    for (const event of BUSY_EVENTS) document.addEventListener(event, showWhenIdle, { signal });
    document.documentElement.addEventListener("pointerleave", showWhenIdle, { signal });
    (this.#scroller ?? document).addEventListener("scroll", showWhenIdle, { signal, passive: true });
    document.addEventListener("visibilitychange", () => this.#lookAfter(), { signal });
    document.addEventListener("keydown", (event) => this.#takeKey(event), { signal });
    const watch = new IntersectionObserver(([{ isIntersecting }]) => {
      this.#isInView = isIntersecting;
      this.#lookAfter();
    });
    watch.observe(this.#panel);
    const unsubscribe = this.#inbox.subscribe(() => this.#take());
    const drawActions = () => this.#list.drawActions();
    const ends = this.#context.actions.map(({ subscribe }) => subscribe?.(drawActions));
    const clock = setInterval(() => this.#list.drawTimes(), MINUTE_MS);
    signal.addEventListener("abort", () => {
      unsubscribe();
      for (const end of ends) end?.();
      clearInterval(clock);
      watch.disconnect();
    });
  }

  /** Keys are for the list while it has the focus. On a page of its own it also has those that nothing else has. */
  #takeKey(event) {
    const isHere = event.composedPath().includes(this.element);
    if (isHere || (!this.#scroller && event.target === document.body)) this.#keys.take(event);
  }

  #showState() {
    this.#list.destroy();
    this.#list = new NotificationList(this.#context, this.#tabs.chosen);
    this.#panel.append(this.#list.element);
    if (this.#tabs.chosen !== "all") this.#context.source().load();
    this.show();
  }

  /** Counts are shown at once, rows with the next frame: many may come at a time. */
  #take() {
    const { unread } = this.#inbox.getSnapshot();
    const count = this.#context.words.unread(unread);
    this.#badge.textContent = unread > 99 ? "99+" : unread;
    this.#badge.hidden = unread === 0;
    if (this.#count.textContent !== count) this.#count.textContent = count;
    this.#markAll.setAttribute("aria-disabled", unread === 0);
    this.#lookAfter();
    if (!this.#scroller?.hidden) this.#frame ??= requestAnimationFrame(() => this.#draw());
  }

  #draw(showsNew = false) {
    cancelAnimationFrame(this.#frame);
    this.#frame = null;
    const snapshot = this.#context.source().getSnapshot();
    this.element.classList.toggle("has-states", snapshot.hasStates);
    this.#tabs.drawCounts(snapshot.counts);
    this.#drawRequests();
    const isFirst = !this.#hasBeenRead && snapshot.status === "ready";
    this.#hasBeenRead ||= isFirst;
    const shows = showsNew || isFirst || (this.#list.waiting.length === 0 && this.#isCalm && !this.#isBusy());
    this.#noteNewest(snapshot.items);
    this.#list.draw(snapshot, { showsNew: shows });
    const abilities = `${snapshot.hasStates} ${this.#inbox.canMute}`;
    if (abilities !== this.#abilities) this.#list.drawActions();
    this.#abilities = abilities;
    this.#drawPill();
    if (this.#list.isBehind) this.#showWhenIdle();
  }

  #drawRequests() {
    const count = this.#requestsUrl ? (this.#inbox.getSnapshot().counts?.requests ?? 0) : 0;
    if (count === 0) moveFocus({ from: this.#requests, to: this.title });
    this.#requests.hidden = count === 0;
    const text = count === 0 ? "" : this.#context.words.requests(count);
    if (this.#requests.textContent !== text) this.#requests.textContent = text;
  }

  #drawPill() {
    const count = this.#list.waiting.length;
    if (count === 0) moveFocus({ from: this.#pill, to: this.title });
    this.#pill.hidden = count === 0;
    if (count === 0) return;
    this.#pill.textContent = this.#context.words.newOnes(count);
    this.#pill.setAttribute("aria-label", this.#context.words.showNew(count));
  }

  /** Draw all that has come, and what has changed while `scroller` was hidden. */
  show() {
    this.#draw(true);
  }

  #showNewOnClick() {
    const newest = this.#list.waiting[0].id;
    this.show();
    if (this.#isScrolled()) this.element.scrollIntoView({ block: "start" });
    this.#list.focus(newest);
  }

  /** Wait a moment: when the pointer leaves the rows for the button, neither should change on the way. */
  #showWhenIdle() {
    if (!this.#list.isBehind) return;
    this.#idleTimer ??= setTimeout(() => {
      this.#idleTimer = undefined;
      if (!this.#isCalm) this.#showWhenIdle();
      else if (this.#list.waiting.length <= MOST_COMING && !this.#isBusy()) this.show();
    }, IDLE_MS);
  }

  get #isCalm() {
    return this.#cameAt.length < FEW || performance.now() - this.#cameAt[0] >= CALM_MS;
  }

  #noteNewest(items) {
    const fresh = items.slice(0, FEW).filter(({ id }) => id > this.#newest).length;
    if (this.#newest > 0) this.#cameAt = [...this.#cameAt, ...Array(fresh).fill(performance.now())].slice(-FEW);
    this.#newest = Math.max(this.#newest, items[0]?.id ?? 0);
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
    const covered = Math.max(this.#top.getBoundingClientRect().bottom, this.#head.getBoundingClientRect().bottom);
    return this.#area.top < covered - 1;
  }

  get #area() {
    return this.#list.element.getBoundingClientRect();
  }

  async #markAllRead() {
    if (this.#markAll.getAttribute("aria-disabled") === "true") return;
    this.show();
    const ids = await attempt(this.#inbox.markAllRead());
    if (!ids?.length || !this.#inbox.getSnapshot().hasStates) return;
    this.#undoBar.show(this.#context.words.allRead, () => this.#undo(ids, { read: false }));
  }

  /** `ids` are all that a change has changed; undefined if it failed. */
  #undo(ids, change) {
    if (ids) attempt(this.#inbox.change(ids, change, { withGroups: false }));
  }

  /** A server that restarts has many readers, so not all of them read at once. */
  #readIfStale() {
    if (!this.isInView || !this.#inbox.getSnapshot().isStale) return;
    this.#staleTimer ??= setTimeout(() => {
      this.#staleTimer = undefined;
      if (this.#inbox.getSnapshot().isStale) this.#inbox.load();
    }, STALE_MS * Math.random());
  }

  /** What is in view is read again if it may have changed, and then counts as seen. */
  #lookAfter() {
    this.#readIfStale();
    if (!this.isInView || this.#inbox.getSnapshot().unseen === 0) return;
    this.#seenTimer ??= setTimeout(() => {
      this.#seenTimer = undefined;
      if (this.isInView) this.#inbox.markSeen();
    }, SEEN_MS);
  }
}

/** The store takes back what failed, and says so in its snapshot. Resolve to undefined then. */
function attempt(marking) {
  return marking.catch(() => undefined);
}
