/**
 * The buttons of a row: what can be done with its notification. Where there are many, a menu has the last ones. On a touch
 * screen, where buttons can't wait for a pointer, the menu has all of them.
 */

import { element, iconButton, moveFocus } from "./elements.js";
import { ICONS } from "./icons.js";

const MOST = 3; // buttons; more would be as loud as the text
const touch = globalThis.matchMedia?.("(hover: none)");

/** What the list itself offers, as InboxView takes actions of an app: {name, icon, label, isShown, act}. */
export function ownActions(words, act, inbox) {
  const hasStates = () => inbox.getSnapshot().hasStates;
  const make = (name, icon, isShown) => ({ name, icon, label: () => words[name], isShown, act: act[name] });
  return [
    make("markRead", ICONS.check, ({ read }) => !read),
    make("markUnread", ICONS.dot, ({ read }) => read && hasStates()),
    make("archive", ICONS.archive, ({ archived_at: archivedAt }) => hasStates() && !archivedAt),
    make("unarchive", ICONS.inbox, ({ archived_at: archivedAt }) => hasStates() && Boolean(archivedAt)),
    make("mute", ICONS.mute, (item) => inbox.canMute && hasOneActor(item)),
  ];
}

/** Whether one person did it, who is known: "Ann and 9 others" are not one person. */
export function hasOneActor({ data, actor_count: count = 1 }) {
  return (data?.user_id ?? null) !== null && count <= 1;
}

export class RowActions {
  element = element("span", { className: "actions" });
  #row;
  #context;
  #item;
  #buttons = new Map(); // by name
  #more = null;

  /** `row` gets the focus of a button that goes. `context` is that of InboxView. */
  constructor(row, context) {
    this.#row = row;
    this.#context = context;
  }

  /** `text` is that of the notification, for those who hear it. A button that stays keeps its place and the focus. */
  draw(item, text) {
    this.#item = item;
    const shown = this.#shown;
    const most = mostButtons();
    const buttons = shown.slice(0, most).map((action) => this.#draw(action, text));
    if (shown.length > most) buttons.push(this.#drawMore(text));
    for (const made of [...this.element.children]) if (!buttons.includes(made)) this.#remove(made);
    buttons.forEach((made, place) => {
      if (this.element.children[place] !== made) this.element.insertBefore(made, this.element.children[place] ?? null);
    });
  }

  get #shown() {
    return this.#context.actions.filter(({ isShown }) => isShown?.(this.#item) ?? true);
  }

  #draw(action, text) {
    const { name, icon, label, act } = action;
    const said = label(this.#item);
    if (!this.#buttons.has(name)) this.#buttons.set(name, iconButton(icon, said, { onclick: () => act(this.#item) }));
    const made = this.#buttons.get(name);
    made.setAttribute("aria-label", `${said}: ${text}`);
    return made;
  }

  #drawMore(text) {
    const { words, menu } = this.#context;
    this.#more ??= menu.createButton(words.moreActions, () =>
      this.#shown.slice(mostButtons()).map(({ icon, label, act }) => ({ icon, label: label(this.#item), act: () => act(this.#item) })),
    );
    this.#more.setAttribute("aria-label", `${words.moreActions}: ${text}`);
    return this.#more;
  }

  #remove(made) {
    moveFocus({ from: made, to: this.#row });
    made.remove();
  }
}

function mostButtons() {
  return touch?.matches ? 0 : MOST;
}
