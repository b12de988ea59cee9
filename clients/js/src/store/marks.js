/**
 * Marks: what is changed of which notifications. A mark is {which, change}: `which` is {ids} or {up_to}, `change` is
 * {read?, archived?, seen?}, each true or false. `isOfGroups`: what an item stands for is marked with it; the ids name
 * all of that if the mark `isExact`.
 */

import { sizeOf } from "./groups.js";
import { isUnread, LARGEST_COUNT } from "./items.js";

const MOST_IDS = 1000; // in one call

/** Return the items after a mark. Those that it does not change are the same objects. */
export function apply(items, { which, change }) {
  const ids = new Set(which.ids);
  return items.map((item) => (ids.has(item.id) || item.id <= which.up_to ? changed(item, change) : item));
}

export function countUnread(items, sizeOf) {
  return items.filter(isUnread).reduce((sum, item) => sum + sizeOf(item), 0);
}

/** Return the items and the count as they are shown while marks are on their way. */
export function showWith(marks, items, unread) {
  let shown = items;
  let count = unread;
  for (const mark of marks) {
    const after = apply(shown, mark);
    if (!mark.isCounted) count = countWith(mark, shown, after, count);
    shown = after;
  }
  return { items: shown, unread: count };
}

/** Sends one mark after another: two requests may reach a server in either order, and so could a mark and its undo. */
export class MarkQueue {
  #api;
  #last = Promise.resolve();

  constructor(api) {
    this.#api = api;
  }

  /** Resolve to the counts of the server. Reject if `isCurrent()` is false when its turn comes. */
  send(mark, isCurrent) {
    const sent = this.#last.then(() => {
      if (!isCurrent()) throw new Error("the user has logged out");
      return send(this.#api, mark);
    });
    this.#last = sent.catch(() => {});
    return sent;
  }
}

/**
 * Resolve to the counts, with the `ids` that changed if more than the given ones may have; null where they are too many.
 * Each server knows how to mark as read.
 */
async function send(api, { which, change, withIds, isOfGroups, isExact }) {
  if (withIds) return api.markState({ filter: which, ...change, with_ids: true });
  const isOfMore = isOfGroups && !isExact;
  const isPlain = change.read && Object.keys(change).length === 1 && !isOfMore;
  const more = isOfMore ? { ...change, groups: true, with_ids: true } : change;
  const answers = [];
  for (const part of parts(which)) answers.push(await (isPlain ? api.markRead(part) : api.markState({ ...part, ...more })));
  const counts = answers.at(-1);
  if (!isOfMore) return counts;
  return { ...counts, ids: answers.some(({ ids }) => ids === null) ? null : answers.flatMap(({ ids }) => ids) };
}

/** Taking back a mark of all may name many more ids than a call may have. */
function parts({ ids, ...rest }) {
  if (!ids || ids.length <= MOST_IDS) return [ids ? { ids } : rest];
  return Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, place) => ({
    ids: ids.slice(place * MOST_IDS, (place + 1) * MOST_IDS),
  }));
}

function changed(item, { read = item.read, archived = Boolean(item.archived_at) }) {
  if (read === item.read && archived === Boolean(item.archived_at)) return item;
  const archivedAt = archived ? (item.archived_at ?? Math.floor(Date.now() / 1000)) : null;
  return { ...item, read, archived_at: archivedAt };
}

function countWith({ which, change, isOfGroups, isExact }, before, after, count) {
  // If there are fewer unread ones than these stand for, a group is read in part. Then the answer says how many remain.
  const isPartly = isOfGroups && !isExact && countUnread(before, sizeOf) > count;
  const size = (item) => (isPartly && sizeOf(item) > 1 ? 0 : sizeOf(item));
  const unreadOf = (items) => countUnread(items, isOfGroups ? size : () => 1);
  if (which.up_to !== undefined && change.read) return unreadOf(after);
  if (count >= LARGEST_COUNT) return count;
  return Math.max(0, count + unreadOf(after) - unreadOf(before));
}
