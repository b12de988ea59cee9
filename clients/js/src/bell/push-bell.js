/** `<push-bell>`: a bell with the number of unread notifications, and a panel with the newest ones. */

import { STYLE as LIST_STYLE } from "../list/style.js";
import { chooseLanguage, wordsOf } from "../words/words.js";
import { BellButton } from "./bell-button.js";
import { fetchToken } from "./fetch-token.js";
import { Panel } from "./panel.js";
import { STYLE } from "./style.js";

const REREAD_MS = 500; // and up to twice as long
const PROPERTIES = ["push", "getToken", "labels", "view"];
const DEFAULT_PHOTO = "/static/default-photo.svg"; // of who has none: the letter is better

export class PushBell extends HTMLElement {
  /** createPush, where it is there: a page that gives `push` does not need it. */
  static createPush = null;
  #given = {};
  #push = null;
  #isOwn = false;
  #end = null;
  #root = this.attachShadow({ mode: "open" });
  #bell;
  #panel;
  #askedUpTo = 0; // the newest notification whose text was asked for
  #rereadTimer;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [sheetOf(LIST_STYLE), sheetOf(STYLE)];
    this.#root.addEventListener("keydown", (event) => this.#closeByKey(event));
    this.#root.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !this.#root.contains(relatedTarget)) this.#toggle(false);
    });
  }

  get push() {
    return this.#push;
  }

  /** What createPush returns, if the page has it already. The page starts and stops it. */
  set push(push) {
    this.#give({ push });
  }

  /** A function that resolves to a token, in place of the attribute `token-url`. */
  set getToken(getToken) {
    this.#give({ getToken });
  }

  /** Other words than those of the language. */
  set labels(labels) {
    this.#give({ labels });
  }

  /** Options of InboxView: {language, templates, icons, photoOf, open}. */
  set view(view) {
    this.#give({ view });
  }

  connectedCallback() {
    // A framework may set properties before this script has run.
    for (const name of PROPERTIES) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    this.#begin();
  }

  disconnectedCallback() {
    this.#stop();
  }

  #give(properties) {
    Object.assign(this.#given, properties);
    this.#stop();
    if (this.isConnected) this.#begin();
  }

  #begin() {
    if (this.#push) return;
    const push = this.#given.push ?? this.#createPush();
    if (push === null) return; // the page gives it later
    this.#push = push;
    this.#isOwn = push !== this.#given.push;
    this.#build(push.inbox);
    const unsubscribe = push.inbox.subscribe(() => this.#draw());
    document.addEventListener("pointerdown", this.#closeOutside);
    this.#end = () => {
      unsubscribe();
      this.#panel.destroy();
      this.#root.replaceChildren();
      document.removeEventListener("pointerdown", this.#closeOutside);
      clearTimeout(this.#rereadTimer);
      this.#rereadTimer = undefined;
    };
    if (this.#isOwn) push.start();
    this.#draw();
  }

  #stop() {
    this.#end?.();
    this.#end = null;
    if (this.#isOwn) this.#push?.stop();
    this.#push = null;
  }

  #createPush() {
    const tokenUrl = this.getAttribute("token-url");
    const getToken = this.#given.getToken ?? (tokenUrl && (() => fetchToken(tokenUrl)));
    if (!getToken) return null;
    const url = new URL(this.getAttribute("socket-url") ?? this.#api.origin, document.baseURI).origin;
    return PushBell.createPush({ url, baseUrl: this.#api.href, getToken, language: this.#pageLanguage, groups: true });
  }

  get #api() {
    return new URL(this.getAttribute("src") ?? "/v1_0", document.baseURI);
  }

  /** The language that the page says it is in, if it says one. */
  get #pageLanguage() {
    return this.closest("[lang]")?.lang || undefined;
  }

  #build(inbox) {
    const language = chooseLanguage([this.#pageLanguage ?? "", ...navigator.languages]);
    const words = { ...wordsOf(language), ...this.#given.labels };
    const photoOf = (photo) => (photo && photo !== DEFAULT_PHOTO ? new URL(photo, this.#api).href : null);
    const settingsUrl = this.getAttribute("settings-url") ?? undefined;
    this.#panel = new Panel(inbox, words, { language, photoOf, settingsUrl, ...this.#given.view, onClose: () => this.#close() });
    this.#bell = new BellButton(words, () => this.#toggle(this.#panel.element.hidden));
    this.#root.replaceChildren(this.#bell.element, this.#bell.status, this.#panel.element);
  }

  #draw() {
    const snapshot = this.#push.inbox.getSnapshot();
    this.#bell.draw(snapshot);
    this.#panel.draw(snapshot);
    if (!this.#panel.element.hidden) this.#askForTexts(snapshot.items);
  }

  /** A push has no text: only the inbox has. A bell that is closed needs none, and nothing is asked for twice. */
  #askForTexts(items) {
    if (!items.some(({ id, text }) => text === undefined && id > this.#askedUpTo)) return;
    this.#askedUpTo = items[0].id;
    this.#rereadTimer ??= setTimeout(
      () => {
        this.#rereadTimer = undefined;
        this.#push?.inbox.load();
      },
      REREAD_MS * (1 + Math.random()),
    );
  }

  #toggle(isOpen) {
    const { element: panel } = this.#panel;
    if (isOpen !== panel.hidden) return;
    panel.hidden = !isOpen;
    this.#bell.expand(isOpen);
    if (!isOpen) return;
    this.#panel.place();
    this.#panel.show();
    this.#askForTexts(this.#push.inbox.getSnapshot().items);
  }

  #closeByKey(event) {
    if (event.key !== "Escape" || this.#panel.element.hidden) return;
    if (event.target.closest?.("dialog") || this.#root.querySelector(":popover-open")) return; // that closes first
    event.stopPropagation();
    this.#close();
  }

  #close() {
    this.#toggle(false);
    this.#bell.element.focus();
  }

  #closeOutside = (event) => {
    if (!event.composedPath().includes(this)) this.#toggle(false);
  };
}

/** Unlike a style element, the page's Content-Security-Policy allows it. */
function sheetOf(style) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  return sheet;
}
