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

/** Return the items without those of the same group. */
export function withoutGroupOf(items, { id, group_id: groupId }) {
  if (groupId === undefined || groupId === null) return items;
  return items.filter((item) => keyOf(item) !== groupId || item.id === id);
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
  };
}
