/** One notification. Its row keeps its elements, and the focus, for as long as it is shown. */

import { asElements, asText, describe, hasActor, linkOf } from "./description.js";
import { avatar, element, icon } from "./elements.js";
import { ICONS } from "./icons.js";
import { RowActions } from "./row-actions.js";

const MIDDLE_BUTTON = 1;

export class Row {
  item = {};
  standsAt; // the id of the item whose place it has
  date;
  #context;
  #text = "";
  #position; // among those of its day
  #count; // of those
  #figure = element("span", { className: "figure" });
  #link = element("span");
  #href;
  #said = element("span", { className: "said", dir: "auto" });
  #time = element("time");
  #actions;

  /** `context` is that of InboxView: {words, times, templates, icons, photoOf, open, actions, menu}. */
  constructor(item, context) {
    this.#context = context;
    this.element = element("article", { tabIndex: -1 }, element("i", { className: "dot" }), this.#figure, this.#link, this.#time);
    this.#actions = new RowActions(this.element, context);
    this.element.append(this.#actions.element);
    this.element.addEventListener("keydown", (event) => this.#openByKey(event));
    this.draw(item);
    this.standAt(item.id);
  }

  /** Most of what is read again is as it was, so it should cost no more than finding that out. */
  draw(item) {
    const before = this.item;
    this.item = item;
    const seen_at = null; // it changes with each look at the list, and no row shows it
    if (item === before || isSame({ ...item, seen_at }, { ...before, seen_at })) return;
    if (!isSame(shownOf(item), shownOf(before))) this.#write(item);
    this.drawActions();
    this.element.className = item.read ? "read" : "unread";
    this.#name();
  }

  /** Let it have the place of an item with this id. A group that has grown keeps its place, and its day, until it moves. */
  standAt(id) {
    this.standsAt = id;
    const milliseconds = this.item.created_at * 1000;
    if (id !== this.item.id || this.date?.getTime() === milliseconds) return;
    this.date = new Date(milliseconds);
    if (Number.isNaN(this.date.getTime())) return;
    Object.assign(this.#time, { dateTime: this.date.toISOString(), title: this.#context.times.exact(this.date) });
    this.drawTime();
  }

  /** Say where it stands among those of its day. */
  place(position, count) {
    if (this.#position !== position) this.element.ariaPosInSet = this.#position = position;
    if (this.#count !== count) this.element.ariaSetSize = this.#count = count;
  }

  drawTime() {
    if (!this.#time.dateTime) return;
    const ago = this.#context.times.ago(this.date);
    if (ago === this.#time.textContent) return;
    this.#time.textContent = ago;
    this.#name();
  }

  drawActions() {
    this.#actions.draw(this.item, this.#text);
  }

  #write(item) {
    const { templates, icons, language, words } = this.#context;
    const parts = describe(item, { templates, language, somebody: words.somebody });
    this.#text = asText(parts);
    this.#said.replaceChildren(...asElements(parts));
    const people = peopleOf(item).map(({ name, photo }) => avatar(name || words.somebody, this.#context.photoOf(photo)));
    const kind = element("span", { className: people.length ? "kind" : "avatar" }, icon(icons[item.event] ?? ICONS.bell));
    this.#figure.classList.toggle("several", people.length > 1);
    this.#figure.replaceChildren(...people, kind);
    this.#drawLink(linkOf(item, document.baseURI, templates));
  }

  /** The article is heard as one sentence. */
  #name() {
    const { words, times } = this.#context;
    const when = this.#time.dateTime && times.inWords(this.date);
    const state = this.item.read ? "" : words.unreadOne;
    this.element.ariaLabel = [this.#text, when, state].filter(Boolean).join(", ");
  }

  /** The whole row is a link. Without an address it is a button, which only marks it as read. */
  #drawLink(href) {
    if (href === this.#href) return;
    this.#href = href;
    const made = href === null ? element("button", { type: "button" }) : element("a", { href });
    made.className = "open";
    made.onclick = () => this.#context.open(this.item);
    made.onauxclick = ({ button }) => button === MIDDLE_BUTTON && this.#context.open(this.item);
    made.append(this.#said);
    const before = this.#link;
    const hadFocus = before === before.getRootNode().activeElement;
    before.replaceWith(made);
    this.#link = made;
    if (hadFocus) made.focus();
  }

  #openByKey(event) {
    if (event.key === "Enter" && event.target === this.element) this.#link.click();
  }
}

function shownOf(item) {
  return [item.event, item.text, item.url, item.data, item.actor_count, item.actors];
}

function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The newest two of a group, or the one who did it; nobody where nobody did. */
function peopleOf(item) {
  const { data, actor_count: count = 1, actors = [] } = item;
  if (count > 1 && actors.length > 1) return actors.slice(0, 2);
  return hasActor(item) ? [{ name: data.user_name, photo: data.user_photo }] : [];
}
