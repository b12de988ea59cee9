/** Groups: the newest notification of a group stands for all of it, with `count`, `actors` and the same `group_id`. */

import { insert } from "./items.js";

/** Return what stays the same while a group gets new notifications. */
export function keyOf({ id, group_id: groupId }) {
  return groupId ?? id;
}

/** How many notifications an item stands for. */
export function sizeOf({ count = 1 }) {
  return count;
}

/**
 * Return the items, newest first, without those that a newer one of their group stands for. What is archived stands for
 * what is archived.
 */
export function withoutOlder(items) {
  const live = new Set();
  const archived = new Set();
  const kept = items.filter((item) => {
    const keys = item.archived_at ? archived : live;
    return !keys.has(keyOf(item)) && keys.add(keyOf(item));
  });
  return kept.length === items.length ? items : kept;
}

/** Put an item into its place, without what it stands for. If it is there already, or a newer one, return the same list. */
export function put(items, item) {
  if (!isOfGroup(item)) return insert(items, item);
  const replaced = items.filter((other) => isReplaced(other, item));
  if (replaced.some((other) => isNewer(other, item))) return items;
  return insert(replaced.length ? items.filter((other) => !replaced.includes(other)) : items, item);
}

/** Say whether an item stands where an update of its group belongs. */
export function isReplaced(other, update) {
  return other.id === update.id || (!other.archived_at && keyOf(other) === keyOf(update));
}

/** Return what stands now for what an item stood for, which may be older; the item itself if there is no other. */
export function newestOf(items, item) {
  if (!isOfGroup(item) || item.archived_at) return item;
  return items.find((other) => !other.archived_at && keyOf(other) === keyOf(item)) ?? item;
}

function isOfGroup({ group_id: groupId }) {
  return groupId !== undefined && groupId !== null;
}

/** A notification that comes late makes an update of the same id with a higher count. */
function isNewer(one, other) {
  return one.id > other.id || (one.id === other.id && sizeOf(one) >= sizeOf(other));
}

/** Say whether a notification may be one of those that an item stands for. */
export function mayBePart(id, item) {
  return keyOf(item) <= id && id <= item.id;
}

/** Say whether an item, which is one of these ids, stands for others that are none of them. */
export function isPartOnly(item, ids, size) {
  return size > 1 && size > [...ids].filter((id) => mayBePart(id, item)).length;
}

/** Return an api of the inbox whose lists have one item for each group. */
export function withGroups(api) {
  return {
    list: (query) => api.list({ ...query, groups: true }),
    markRead: (which) => api.markRead(which),
    markState: api.markState && ((mark) => api.markState(mark)),
    counts: api.counts && (() => api.counts()),
    mute: api.mute && ((id) => api.mute(id)),
    unmute: api.unmute && ((id) => api.unmute(id)),
  };
}
