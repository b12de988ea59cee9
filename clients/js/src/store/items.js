/** What the inbox store does with its list of notifications, newest first. */

export const LARGEST_COUNT = 1000; // which means "1,000 or more"

/** Return the newest ones, and whether older ones were dropped. */
export function trim(items, most) {
  const hasDropped = items.length > most;
  return { items: hasDropped ? items.slice(0, most) : items, hasDropped };
}

/** Put the newest page into the list. `keepsOlder`: nothing is missing before those. */
export function merge(items, results, isFull) {
  const read = new Set(items.filter((item) => item.read).map(({ id }) => id));
  // An answer that says "unread" may be older than what is known here.
  const page = results.map((item) => ({ ...item, read: item.read || read.has(item.id) }));
  const newest = results[0]?.id ?? 0;
  const oldest = isFull ? results.at(-1).id : -Infinity;
  const came = items.filter(({ id }) => id > newest);
  const older = items.filter(({ id }) => id < oldest);
  const overlaps = items.some(({ id }) => id >= oldest && id <= newest);
  const keepsOlder = isFull && overlaps && older.length > 0;
  return { items: [...came, ...page, ...(keepsOlder ? older : [])], keepsOlder };
}

export function markAsRead(items, which) {
  return items.map((item) => (!item.read && matches(which, item) ? { ...item, read: true } : item));
}

/** Return the items and the count as they are shown while marks are on their way. */
export function readWith(marks, items, unread) {
  let shown = items;
  let count = unread;
  for (const { which, isCounted } of marks) {
    const after = markAsRead(shown, which);
    if (!isCounted) count = countWith(which, shown, after, count);
    shown = after;
  }
  return { items: shown, unread: count };
}

function countWith(which, before, after, count) {
  if (which.up_to !== undefined) return after.filter(({ read }) => !read).length;
  if (count >= LARGEST_COUNT) return count;
  return Math.max(0, count - after.filter((item, place) => item !== before[place]).length);
}

function matches(which, { id }) {
  return which.ids?.includes(id) || id <= which.up_to;
}
