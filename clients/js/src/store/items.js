/** What the inbox store does with its list of notifications, newest first. */

export const LARGEST_COUNT = 1000; // which means "1,000 or more"

export function isUnread({ read, archived_at: archivedAt }) {
  return !read && !archivedAt;
}

/** Return the newest ones, and whether older ones were dropped. */
export function trim(items, most) {
  const hasDropped = items.length > most;
  return { items: hasDropped ? items.slice(0, most) : items, hasDropped };
}

/**
 * Put the newest page into the list. `keepsOlder`: nothing is missing before those. `hasCome(item)`: since the page was
 * asked for. What is archived is not shown, but may come back.
 */
export function merge(items, results, isFull, hasCome) {
  const newest = results[0]?.id ?? 0;
  const oldest = isFull ? results.at(-1).id : -Infinity;
  const came = items.filter((item) => item.id > newest && (hasCome(item) || item.archived_at));
  const older = items.filter(({ id }) => id < oldest);
  const overlaps = items.some(({ id }) => id >= oldest && id <= newest);
  const keepsOlder = isFull && overlaps && older.length > 0;
  return { items: [...came, ...results, ...(keepsOlder ? older : [])], keepsOlder };
}

/** Put an item into its place, which is most often the first. If it is there already, return the same list. */
export function insert(items, item) {
  const place = items.findIndex(({ id }) => id <= item.id);
  if (place === -1) return [...items, item];
  return items[place].id === item.id ? items : [...items.slice(0, place), item, ...items.slice(place)];
}

/** Return a live notification as the inbox has it. What a group has is no data of its own. */
export function itemOf({ id, event, timestamp, text, url, offset, silent, ...rest }, isGrouped) {
  const { group, group_id, count, actor_count, actors, ...fields } = rest;
  const isOfGroup = isGrouped && group_id !== undefined;
  const item = { id, event, data: isOfGroup ? fields : rest, created_at: timestamp, read: false };
  if (isOfGroup) Object.assign(item, { group, group_id, count, actor_count, actors });
  if (text !== undefined) Object.assign(item, { text, url });
  return item;
}
