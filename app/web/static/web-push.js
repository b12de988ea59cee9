/** Web Push for this browser: notifications while no page is open. */

import { forgivingStorage } from "./push/live/storage.js";
import { LANGUAGE, word } from "./words.js";

const WORKER = "/push-worker.js";
const SCOPE = "/web-push/"; // no page is here, so the worker is in the way of no other one
const KEPT = "web-push"; // whose subscription this browser has, and its id
const PATH = "/user/push-subscriptions";
const storage = forgivingStorage(() => localStorage);

/** The user or the browser does not allow notifications of this site. */
export class NotAllowed extends Error {
  constructor() {
    super(word("web_push_not_allowed"));
  }
}

export class WebPush {
  #api;

  constructor(api) {
    this.#api = api;
    if (!isSupported()) return;
    navigator.serviceWorker.addEventListener("message", ({ data }) => {
      // A click on a notification has brought this page to the front.
      if (data?.type === "open" && new URL(data.url).origin === location.origin) location.assign(data.url);
    });
  }

  /** Resolve to "on", "off", or "missing" where the browser or the server has no Web Push. */
  async state() {
    if (!isSupported() || (await this.#key()) === null) return "missing";
    return this.#isOurs() && (await this.#find()) ? "on" : "off";
  }

  /** Ask the user, and let this browser get notifications. Reject with NotAllowed, or an Error for the user. */
  async turnOn() {
    if ((await Notification.requestPermission()) !== "granted") throw new NotAllowed();
    const key = await this.#key();
    const registration = await activeWorker();
    await this.#save(await subscribe(registration, key));
  }

  async turnOff() {
    const kept = this.#kept();
    await this.forget();
    if (kept) await this.#api.call("DELETE", `${PATH}/${kept.id}`);
  }

  /** Tell the server that this browser is still there. Of another user, it gets nothing any more. */
  async renew() {
    if (!isSupported() || !this.#kept()) return;
    if (!this.#isOurs()) return this.forget();
    const key = Notification.permission === "granted" && (await this.#key());
    if (key) await this.#save(await subscribe(await activeWorker(), key));
  }

  /** Get nothing any more, also without a network: the push service then tells the server. */
  async forget() {
    storage.removeItem(KEPT);
    await (await this.#find())?.unsubscribe();
  }

  async #save(subscription) {
    const { user } = this.#api.session;
    const body = { ...subscription.toJSON(), language: LANGUAGE };
    const { id } = await this.#api.call("POST", PATH, body);
    storage.setItem(KEPT, JSON.stringify({ id, userId: user.id }));
  }

  async #key() {
    try {
      return (await this.#api.call("GET", "/push-key")).key;
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }

  async #find() {
    if (!isSupported()) return undefined;
    const registration = await navigator.serviceWorker.getRegistration(SCOPE);
    return registration?.pushManager.getSubscription();
  }

  #kept() {
    return JSON.parse(storage.getItem(KEPT) ?? "null");
  }

  #isOurs() {
    return this.#kept()?.userId === this.#api.session.user?.id;
  }
}

function isSupported() {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

/** Only an active worker can subscribe. */
async function activeWorker() {
  const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE });
  const worker = registration.installing ?? registration.waiting;
  if (!registration.active && worker) {
    await new Promise((resolve, reject) => {
      worker.addEventListener("statechange", () => {
        if (worker.state === "activated") resolve();
        if (worker.state === "redundant") reject(new Error(word("web_push_failed")));
      });
    });
  }
  return registration;
}

async function subscribe({ pushManager }, key) {
  const options = { userVisibleOnly: true, applicationServerKey: key };
  try {
    return await pushManager.subscribe(options);
  } catch (error) {
    if (error.name === "NotAllowedError") throw new NotAllowed();
    if (error.name !== "InvalidStateError") throw new Error(word("web_push_failed"));
  }
  // The server has another key than before.
  await (await pushManager.getSubscription())?.unsubscribe();
  return pushManager.subscribe(options);
}
