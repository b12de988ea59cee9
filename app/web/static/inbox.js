/** The inbox of the page: the list of the package, the bell in the header, and the count in the title. */

import { byId, photoOf } from "./elements.js";
import { describe as describeParts } from "./push/list/description.js";
import { ICONS } from "./push/list/icons.js";
import { InboxView } from "./push/list/inbox-view.js";
import { STYLE } from "./push/list/style.js";
import { PushBell } from "./push/bell/push-bell.js";
import { wordsOf } from "./push/words/words.js";
import { LANGUAGE, word } from "./words.js";

const TEMPLATES = JSON.parse(document.body.dataset.events);
const EVENT_ICONS = { "following notify": ICONS.person, "liking notify": ICONS.heart, "comment notify": ICONS.speech };

customElements.define("push-bell", PushBell);
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);
document.adoptedStyleSheets.push(sheet);

/** Return the parts of the text of a live notification, as the list shows them. */
export function describe({ event, ...data }) {
  return describeParts({ event, data }, { templates: TEMPLATES, somebody: wordsOf(LANGUAGE).somebody });
}

export class Inbox {
  #report;
  #push = null;
  #view = null;
  #error = null;
  #end = null;

  /** `report(error)` is called with what went wrong. */
  constructor(report) {
    this.#report = report;
  }

  /** Show the inbox of a Push. */
  show(push) {
    this.#push = push;
    const look = { language: LANGUAGE, templates: TEMPLATES, icons: EVENT_ICONS, photoOf };
    this.#view = new InboxView(push.inbox, { ...look, words: { title: word("inbox") }, below: byId("others") });
    this.#view.title.id = "inbox-title";
    byId("inbox-card").replaceChildren(this.#view.element);
    Object.assign(byId("bell"), { view: look, push });
    const unsubscribe = push.inbox.subscribe(() => this.#take(push.inbox.getSnapshot()));
    this.#end = () => unsubscribe();
  }

  /** Read it again, because something may have changed. */
  refresh() {
    this.#push?.inbox.load();
  }

  clear() {
    this.#end?.();
    this.#view?.destroy();
    this.#push = this.#view = this.#error = null;
    byId("bell").push = null;
    byId("inbox-card").replaceChildren();
    this.#drawTitle(0);
  }

  #take({ error, unread }) {
    this.#drawTitle(unread);
    if (error !== null && error !== this.#error) this.#report(error);
    this.#error = error;
  }

  #drawTitle(unread) {
    document.title = unread ? `(${unread > 99 ? "99+" : unread}) Toutiao` : "Toutiao";
  }
}
