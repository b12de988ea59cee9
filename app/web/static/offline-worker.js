/**
 * The service worker that opens the page without a network. It keeps the page, which has nothing of a user in it; the
 * page's files are in the browser's own cache for good, and the last list is in the storage of the page.
 */

const CACHE = "page";
const PAGE = "/";

self.addEventListener("install", (event) => event.waitUntil(caches.open(CACHE).then((cache) => cache.add(PAGE))));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode !== "navigate" || new URL(request.url).pathname !== PAGE) return;
  event.respondWith(open(request));
});

async function open(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(PAGE, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(PAGE, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}
