/** Keeps the newest notifications of the user in this browser, for when the server can't be reached. */

import { forgivingStorage } from "./push/live/storage.js";

const KEPT = "last-list";
const MOST = 20;
const storage = forgivingStorage(() => localStorage);

/** Let the browser open the page without a network. It does not matter if it can't. */
export function openOffline() {
  navigator.serviceWorker?.register("/offline-worker.js").catch(() => {});
}

export function keep(userId, { items, unread }) {
  storage.setItem(KEPT, JSON.stringify({ userId, results: items.slice(0, MOST), unread_count: unread }));
}

/** Return what was kept of this user, as the API answers it, or null. */
export function kept(userId) {
  const found = JSON.parse(storage.getItem(KEPT) ?? "null");
  return found?.userId === userId ? found : null;
}

export function forget() {
  storage.removeItem(KEPT);
}
