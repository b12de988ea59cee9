/** The rows of the inbox, newest first, by days. A row keeps its elements, its place and the focus when others come. */

import { Day, takeOut } from "./day.js";
import { button, element, moveFocus } from "./elements.js";
import { keyOf } from "../store/groups.js";
import { dayKey } from "./times.js";
import { Row } from "./row.js";
import { Skeletons } from "./skeletons.js";
import { slideIn } from "./slide.js";
import { listenForSwipes } from "./swipe.js";

const STEP = 20; // rows that are added below
const MOST_ROWS = 200; // where new rows come while nobody reads; beyond that, the list goes on with MOST_AFTER
const MOST_AFTER = 100;
const PART = 50; // rows
const AHEAD = "600px 0px"; // older rows are read before the reader is there

/**
 * New rows would move the others. So they wait, in `waiting`, until `showNew` is called. A group that has grown says so at
 * once, and moves up then.
 */
export class NotificationList {
  waiting = [];
  #context;
  #rows = new Map(); // by key: what stays the same while a group grows
  #hasMoved = false; // a row should stand somewhere else
  #hasGroups = false;
  #drawn = []; // the items of the rows
  #days = new Map(); // by key
  #most = STEP; // rows that may be shown
  #areas = element("div", { className: "days" });
  #empty;
  #skeletons = new Skeletons();
  #older;
  #watch;

  /** `context` is that of InboxView, `state` says which notifications these are. */
  constructor(context, state) {
    this.#context = context;
    const { empty, emptyIn, emptyHint, more } = context.words;
    const nothing = element("strong", { textContent: emptyIn[state] ?? empty });
    const hint = element("p", { textContent: emptyHint, hidden: state !== "all" });
    this.#empty = element("div", { className: "empty", hidden: true }, nothing, hint);
    this.#older = button({ className: "older", textContent: more, onclick: () => this.#showOlder(), hidden: true });
    this.element = element("div", { className: "list" }, this.#empty, this.#areas, this.#skeletons.element, this.#older);
    listenForSwipes(this.element, context, (article) => this.#itemOf(article));
    this.#watch = new IntersectionObserver((seen) => this.#showOlderWhenNear(seen), { rootMargin: AHEAD });
  }

  destroy() {
    this.#watch.disconnect();
    this.element.remove();
  }

  get size() {
    return this.#rows.size;
  }

  /** Whether something should be drawn as soon as the reader is idle. */
  get isBehind() {
    return this.waiting.length > 0 || this.#hasMoved;
  }

  /** The item of the row that has the focus, or null. */
  get focused() {
    return this.#itemOf(this.#active);
  }

  get #active() {
    return this.element.getRootNode().activeElement;
  }

  get #elements() {
    return [...this.element.querySelectorAll("article")];
  }

  #itemOf(part) {
    return [...this.#rows.values()].find((row) => row.element.contains(part))?.item ?? null;
  }

  /** Move the focus by one row, or to the first. */
  step(by) {
    const rows = this.#elements;
    const place = rows.findIndex((row) => row.contains(this.#active));
    rows[place === -1 ? 0 : place + by]?.focus();
  }

  /** Show the snapshot of the inbox. New rows wait, unless `showsNew`. */
  draw(snapshot, { showsNew }) {
    const { items, hasMore, isLoadingMore } = snapshot;
    this.#hasGroups = Boolean(snapshot.hasGroups);
    const moves = showsNew && this.#hasMoved;
    const placeOf = (item) => (showsNew ? undefined : this.#rowOf(item)?.standsAt) ?? item.id;
    const shown = this.#choose(items, showsNew, placeOf);
    const first = this.#rowAt(0);
    const hasCome = shown.length > 0 && placeOf(shown[0]) > (first?.standsAt ?? 0);
    if (moves || !isSame(shown, this.#drawn)) {
      const top = first?.element.offsetTop;
      this.#drawRows(shown, placeOf);
      if (hasCome && first?.element.isConnected) slideIn(this.#areas, first.element.offsetTop - top);
    }
    this.#drawRest(snapshot);
    this.#drawOlder(hasMore || items.length - this.waiting.length > shown.length, isLoadingMore);
  }

  #keyOf(item) {
    return this.#hasGroups ? keyOf(item) : item.id;
  }

  #rowOf(item) {
    return this.#rows.get(this.#keyOf(item));
  }

  /** Return the row at a place of the list, -1 for the last, or undefined. */
  #rowAt(place) {
    return this.#drawn.length ? this.#rowOf(this.#drawn.at(place)) : undefined;
  }

  #drawRows(shown, placeOf) {
    const kept = new Set(shown.map((item) => this.#keyOf(item)));
    for (const [key, row] of this.#rows) if (!kept.has(key)) this.#remove(key, row);
    this.#arrange(shown, placeOf);
    this.#drawn = shown;
  }

  /** A part at a time: the times of thousands of rows at once would hold up a frame. */
  async drawTimes() {
    for (const day of this.#days.values()) day.drawHeading(this.#context.times);
    const rows = [...this.#rows.values()];
    for (let from = 0; from < rows.length; from += PART) {
      for (const row of rows.slice(from, from + PART)) row.drawTime();
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  /** What can be done with them may have changed. */
  drawActions() {
    for (const row of this.#rows.values()) row.drawActions();
  }

  focus(id) {
    const rows = [...this.#rows.values()];
    rows.find(({ item }) => item.id === id)?.element.focus();
  }

  /** Choose which ones are shown: those that are shown already, then older ones as far as the reader has come. */
  #choose(items, showsNew, placeOf) {
    const isFirst = this.#rows.size === 0;
    const [oldest, newest] = [this.#rowAt(-1)?.standsAt, this.#rowAt(0)?.standsAt];
    const isWaiting = (item) => !showsNew && (isFirst || item.id > oldest) && !this.#rowOf(item);
    this.waiting = items.filter(isWaiting);
    const unsorted = this.waiting.length ? items.filter((item) => !isWaiting(item)) : items;
    this.#hasMoved = this.#hasGroups && unsorted.some((item) => placeOf(item) !== item.id);
    const rest = this.#hasMoved ? [...unsorted].sort((one, other) => placeOf(other) - placeOf(one)) : unsorted;
    if (showsNew && !isFirst) this.#grow(rest.filter(({ id }) => id > newest).length);
    return rest.slice(0, this.#most);
  }

  #grow(come) {
    if (come === 0) return;
    const isTooLong = this.#rows.size + come > MOST_ROWS;
    this.#most = isTooLong ? MOST_AFTER : this.#most + come;
  }

  #arrange(items, placeOf) {
    const rows = items.map((item) => this.#drawRow(item, placeOf(item)));
    const byDay = Map.groupBy(rows, (row) => this.#dayOf(row));
    for (const [day, ofDay] of byDay) day.show(ofDay);
    for (const [key, day] of this.#days) {
      if (byDay.has(day)) continue;
      day.element.remove();
      this.#days.delete(key);
    }
  }

  #drawRow(item, place) {
    const row = this.#rowOf(item) ?? new Row(item, this.#context);
    this.#rows.set(this.#keyOf(item), row);
    row.draw(item);
    row.standAt(place);
    return row;
  }

  #dayOf({ date }) {
    const key = dayKey(date);
    const known = this.#days.get(key);
    if (known) return known;
    const day = new Day(key);
    day.drawHeading(this.#context.times);
    const later = [...this.#days.keys()].filter((other) => other < key);
    this.#areas.insertBefore(day.element, later.length ? this.#days.get(Math.max(...later)).element : null);
    this.#days.set(key, day);
    return day;
  }

  #remove(key, row) {
    if (row.element.contains(this.#active)) moveFocus({ from: row.element, to: this.#neighbourOf(row.element) });
    takeOut(row.element);
    this.#rows.delete(key);
  }

  #neighbourOf(row) {
    const rows = this.#elements;
    const place = rows.indexOf(row);
    return rows[place + 1] ?? rows[place - 1] ?? this.#context.title;
  }

  /** While rows wait, the text for an empty list is not seen but keeps its room, so that nothing else moves. */
  #drawRest({ status, items, isLoadingMore }) {
    const isReading = isLoadingMore || (status === "loading" && items.length === 0);
    this.element.ariaBusy = isReading;
    this.#empty.hidden = this.#rows.size > 0 || status !== "ready";
    this.#empty.style.visibility = this.waiting.length ? "hidden" : "visible";
    this.#skeletons.show(isReading);
  }

  #drawOlder(hasOlder, isLoadingMore) {
    const isHidden = !hasOlder || this.#rows.size === 0;
    if (isHidden) moveFocus({ from: this.#older, to: this.#context.title });
    this.#older.hidden = isHidden;
    this.#older.classList.toggle("busy", isLoadingMore);
    this.#watch.unobserve(this.#older);
    if (!isHidden && !isLoadingMore) this.#watch.observe(this.#older);
  }

  #showOlderWhenNear(seen) {
    // After a failure the reader decides, or else an unreachable server would be asked again and again.
    const { error } = this.#context.source().getSnapshot();
    if (error === null && seen.some(({ isIntersecting }) => isIntersecting)) this.#showOlder();
  }

  /** Show what is here already, and else read it. */
  async #showOlder() {
    const { items } = this.#context.source().getSnapshot();
    const last = this.#rowAt(-1).standsAt;
    this.#most = this.#rows.size + STEP;
    if (this.#drawn.length >= items.length - this.waiting.length) await this.#context.source().loadMore();
    const hadFocus = this.#older.contains(this.#older.getRootNode().activeElement);
    this.#context.drawNow();
    if (!hadFocus || !this.#older.hidden) return;
    const next = this.#drawn.map((item) => this.#rowOf(item)).find(({ standsAt }) => standsAt < last);
    next?.element.focus();
  }
}

function isSame(some, others) {
  return some.length === others.length && some.every((item, place) => item === others[place]);
}
