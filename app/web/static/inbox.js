/** The inbox of the page: the list of the package, the bell in the header, and the count in the title. */

import { byId, photoOf } from "./elements.js";
import { forget, keep, kept } from "./last-list.js";
import { describe, linkOf } from "./push/list/description.js";
import { ICONS } from "./push/list/icons.js";
import { InboxView } from "./push/list/inbox-view.js";
import { STYLE } from "./push/list/style.js";
import { PushBell } from "./push/bell/push-bell.js";
import { wordsOf } from "./push/words/words.js";
import { LANGUAGE, word } from "./words.js";

const TEMPLATES = JSON.parse(document.body.dataset.events);
const EVENT_ICONS = { "following notify": ICONS.person, "liking notify": ICONS.heart, "comment notify": ICONS.speech };

const KEEP_MS = 1000;

customElements.define("push-bell", PushBell);
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);
document.adoptedStyleSheets.push(sheet);

export class Inbox {
  #report;
  #actions;
  #push = null;
  #view = null;
  #userId = null;
  #keepTimer;
  #error = null;
  #unread = null; // the number that the title shows
  #end = null;

  /** `report(error)` is called with what went wrong. `actions` are more of them for the rows. */
  constructor(report, actions) {
    this.#report = report;
    this.#actions = actions;
  }

  /** Show the inbox of a Push, which is that of a user. */
  show(push, userId) {
    this.#push = push;
    this.#userId = userId;
    const look = { language: LANGUAGE, templates: TEMPLATES, icons: EVENT_ICONS, photoOf, settingsUrl: "#settings", requestsUrl: "#requests", actions: this.#actions };
    this.#view = new InboxView(push.inbox, { ...look, words: { title: word("inbox") }, below: byId("others") });
    this.#view.title.id = "inbox-title";
    byId("inbox-card").replaceChildren(this.#view.element);
    Object.assign(byId("bell"), { view: look, push });
    const take = () => this.#take(push.inbox.getSnapshot());
    this.#end = push.inbox.subscribe(take);
    take();
  }

  /** Whether the reader can see what comes. */
  get isInView() {
    return this.#view?.isInView ?? false;
  }

  /** Return how a live notification is shown elsewhere: {parts, href, open}, as the list shows it. */
  describe({ id, event, group_id, actor_count, ...data }) {
    const { inbox } = this.#push;
    const parts = describe({ event, data, actor_count }, { templates: TEMPLATES, language: LANGUAGE, somebody: wordsOf(LANGUAGE).somebody });
    const href = linkOf({ event, data }, document.baseURI, TEMPLATES);
    return { parts, href, open: () => inbox.markRead([{ id, group_id }]).catch(() => {}) };
  }

  /** Read it again, because something may have changed. */
  refresh() {
    this.#push?.inbox.load();
  }

  clear() {
    this.#end?.();
    clearTimeout(this.#keepTimer);
    this.#keepTimer = undefined;
    forget();
    this.#view?.destroy();
    this.#push = this.#view = this.#error = null;
    byId("bell").push = null;
    byId("inbox-card").replaceChildren();
    this.#drawTitle(0);
  }

  #take({ error, unread, status, connection }) {
    this.#drawTitle(unread);
    if (error !== null && error !== this.#error) this.#report(error);
    this.#error = error;
    if (status === "ready" && connection === "live") this.#keepSoon();
    if (status === "failed" && error.isTransient) this.#showKept();
  }

  /** Many may come at once, and the storage is slow. */
  #keepSoon() {
    this.#keepTimer ??= setTimeout(() => {
      this.#keepTimer = undefined;
      keep(this.#userId, this.#push.inbox.getSnapshot());
    }, KEEP_MS);
  }

  #showKept() {
    const found = kept(this.#userId);
    if (!found) return;
    this.#push.inbox.take(found);
    this.#push.inbox.setUnread(found.unread_count);
  }

  /** The tab and the icon of the app show that something is unread. */
  #drawTitle(unread) {
    if (unread === this.#unread) return;
    this.#unread = unread;
    const { icon, unreadIcon } = byId("icon").dataset;
    const wanted = unread ? unreadIcon : icon;
    if (byId("icon").getAttribute("href") !== wanted) byId("icon").href = wanted;
    if (unread) navigator.setAppBadge?.(unread)?.catch(() => {});
    else navigator.clearAppBadge?.()?.catch(() => {});
    document.title = unread ? `(${unread > 99 ? "99+" : unread}) Toutiao` : "Toutiao";
  }
}
