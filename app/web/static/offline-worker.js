/**
 * The service worker that opens the page without a network. It keeps the page, which has nothing of a user in it; the
 * page's files are in the browser's own cache for good, and the last list is in the storage of the page.
 */

const CACHE = "page";
const PAGE = "/";

self.addEventListener("install", (event) => event.waitUntil(caches.open(CACHE).then((cache) => cache.add(PAGE))));
// The browser asks for the page while it starts this worker.
self.addEventListener("activate", (event) => event.waitUntil(self.registration.navigationPreload?.enable()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode !== "navigate" || new URL(request.url).pathname !== PAGE) return;
  event.respondWith(open(event));
});

async function open(event) {
  try {
    const answer = (await event.preloadResponse) ?? (await fetch(event.request));
    if (answer.ok) event.waitUntil(keep(answer.clone()));
    return answer;
  } catch (error) {
    const kept = await caches.match(PAGE, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}

async function keep(answer) {
  const cache = await caches.open(CACHE);
  await cache.put(PAGE, answer);
}
