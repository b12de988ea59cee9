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

/** Who asks while they are being read gets the same answer. */
export class Newest {
  #api;
  #reading = null;

  constructor(api) {
    this.#api = api;
  }

  /** Resolve to what readNewest says, with `since`, which tells the answers from each other. */
  read(items, since) {
    if (this.#reading !== null) return this.#reading;
    const reading = (this.#reading = readNewest(this.#api, items).then((page) => ({ ...page, since })));
    const end = () => this.#reading === reading && this.forget();
    reading.then(end, end);
    return reading;
  }

  /** Share the answer that is on its way with nobody any more. */
  forget() {
    this.#reading = null;
  }
}
