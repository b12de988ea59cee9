/** Reads the newest notifications, page by page. */

export const PAGE = 20;
const LARGEST_PAGE = 100;
const MOST_PAGES = 10;

/**
 * Resolve to {unread_count, results, isWhole}. `items` are those that are known. A reader who has come further than the
 * first page keeps what is between: pages are read until they reach the oldest known one, at most MOST_PAGES.
 */
export async function readNewest(api, items) {
  const limit = Math.min(Math.max(items.length, PAGE), LARGEST_PAGE);
  const oldest = items.length > PAGE ? items.at(-1).id : Infinity;
  let page = await api.list({ limit });
  const results = [...page.results];
  for (let pages = 1; pages < MOST_PAGES && page.results.length === limit && results.at(-1).id > oldest; pages++) {
    page = await api.list({ limit, before: results.at(-1).id });
    results.push(...page.results);
  }
  const needed = results.filter(({ id }, place) => place < PAGE || oldest === Infinity || id >= oldest);
  const isWhole = page.results.length < limit && needed.length === results.length;
  return { ...page, results: needed, isWhole };
}
