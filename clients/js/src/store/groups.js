/** Groups: the newest notification of a group stands for all of it, with `count`, `actors` and the same `group_id`. */

/** Return what stays the same while a group gets new notifications. */
export function keyOf({ id, group_id: groupId }) {
  return groupId ?? id;
}

/** How many notifications an item stands for. */
export function sizeOf({ count = 1 }) {
  return count;
}

/** Return the items, newest first, without those that a newer one of their group stands for. */
export function withoutOlder(items) {
  const keys = new Set();
  const kept = items.filter((item) => !keys.has(keyOf(item)) && keys.add(keyOf(item)));
  return kept.length === items.length ? items : kept;
}

/** Return the items without what an item stands for instead: those of its group, or itself as it was. */
export function withoutGroupOf(items, item) {
  if (!isOfGroup(item)) return items;
  return items.filter((other) => !isReplaced(other, item) || isNewer(other, item));
}

/** Say whether an item stands where an update of its group belongs. */
export function isReplaced(other, update) {
  return keyOf(other) === keyOf(update) || other.id === update.id;
}

function isOfGroup({ group_id: groupId }) {
  return groupId !== undefined && groupId !== null;
}

/** A notification that comes late makes an update of the same id with a higher count. */
function isNewer(one, other) {
  return one.id > other.id || (one.id === other.id && sizeOf(one) >= sizeOf(other));
}

/** Say whether items stand for all of these ids, so that nothing else has changed with them. */
export function standForAll(items, ids) {
  const found = items.filter(({ id }) => ids.has(id));
  return found.reduce((sum, item) => sum + sizeOf(item), 0) >= ids.size;
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
