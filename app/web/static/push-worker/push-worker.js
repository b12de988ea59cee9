/**
 * The service worker of Web Push: shows notifications while no page is open, and opens what they are about. It runs for
 * each push or click, and knows no token: it gets one by the cookie of the page's login.
 */

const API = "/v1_0";
const NAME = "Toutiao"; // shown with a push that can't be read: browsers want a notification for each push
const CALL_MS = 10_000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("push", (event) => event.waitUntil(show(read(event.data))));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { id, url } = event.notification.data ?? {};
  event.waitUntil(Promise.allSettled([open(addressOf(url)), markRead(id)]));
});
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

function read(data) {
  try {
    return data.json();
  } catch {
    return {};
  }
}

/** A notification with the tag of one that is shown takes its place, silently. */
function show({ id, title, body, lang, icon, url, tag, timestamp }) {
  return self.registration.showNotification(title || NAME, {
    body: body ?? "",
    lang: lang ?? "",
    dir: "auto",
    icon: icon ?? undefined,
    tag: tag ?? "",
    timestamp: timestamp ? timestamp * 1000 : undefined,
    data: { id, url },
  });
}

/** Only this site and https lead somewhere. Anything else opens the page. */
function addressOf(url) {
  try {
    const address = new URL(url ?? "/", self.location.origin);
    if (address.origin === self.location.origin || address.protocol === "https:") return address;
  } catch {
    // no address
  }
  return new URL("/", self.location.origin);
}

/** Show what is on this site in a page that is open already, and all else in a new one. */
async function open(address) {
  if (address.origin === self.location.origin) {
    const [page] = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const shown = await page?.focus().catch(() => undefined);
    if (shown) {
      shown.postMessage({ type: "open", url: address.href });
      return;
    }
  }
  await self.clients.openWindow(address.href);
}

/** What is gathered under it was shown by the same text. */
async function markRead(id) {
  if (id === undefined) return;
  await call("POST", "/user/notifications/state", { ids: [id], read: true, groups: true }, await getToken());
}

/** The push service has given this browser another endpoint. */
async function renew({ oldSubscription, newSubscription }) {
  const options = oldSubscription?.options;
  const subscription = newSubscription ?? (options && (await self.registration.pushManager.subscribe(options)));
  if (!subscription) return;
  await call("POST", "/user/push-subscriptions", subscription.toJSON(), await getToken());
}

/** The tabs of the page renew their tokens under the same lock. */
async function getToken() {
  const { token } = await self.navigator.locks.request("refresh", () => call("PUT", "/authorizations"));
  return token;
}

async function call(method, path, body, token) {
  const headers = {};
  if (body) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const signal = AbortSignal.timeout(CALL_MS);
  const answer = await fetch(API + path, { method, headers, body: body && JSON.stringify(body), signal });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
  return answer.json();
}
