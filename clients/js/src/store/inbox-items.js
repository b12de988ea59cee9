/** The notifications of an inbox as the server said, newest first, and what is known better. */

import { Changes } from "./changes.js";
import { isPartOnly, isReplaced, keyOf, mayBePart, newestOf, put, sizeOf, withoutOlder } from "./groups.js";
import { merge, trim } from "./items.js";
import { apply, countUnread } from "./marks.js";

const MOST_ITEMS = 1000;
const MOST_READ = 10_000; // for a reader of older ones, whose rows must not go while new ones come

export class InboxItems {
  #items = [];
  #changes;
  #isGrouped;
  #most = MOST_ITEMS;
  #taken = 0;

  /** `isGrouped`: one item stands for all of a group. */
  constructor(isGrouped) {
    this.#isGrouped = isGrouped;
    this.#changes = new Changes(this.sizeOf);
  }

  get all() {
    return this.#items;
  }

  /** `since` of the answer that was taken last. */
  get taken() {
    return this.#taken;
  }

  get isFull() {
    return this.#items.length >= MOST_READ;
  }

  get unread() {
    return countUnread(this.#items, this.sizeOf);
  }

  /** Whether an answer should say what stands for a group now, since its newest one has left. */
  get isBehind() {
    return this.#items.some((item) => !item.archived_at && this.#changes.hasLeft(item));
  }

  /** How many notifications an item stands for. */
  sizeOf = (item) => (this.#isGrouped ? sizeOf(item) : 1);

  /** Return what only one item of a list has. */
  keyOf = (item) => (this.#isGrouped ? keyOf(item) : item.id);

  /** Return one item for each group. */
  gather = (items) => (this.#isGrouped ? withoutOlder(items) : items);

  /** Return what stands now for an item, which may be older. */
  newestOf(item) {
    return this.#isGrouped ? newestOf(this.#items, item) : item;
  }

  /** Take the newest page; return {keepsOlder} as `merge` does, or null if a later answer has come before. */
  take({ results, since }, isFull) {
    if (since < this.#taken) return null;
    this.#taken = since;
    const hasCome = (item) => this.#changes.hasComeAfter(item, since);
    const { items, keepsOlder } = merge(this.#items, this.#changes.renew(results, since), isFull, hasCome);
    this.#items = this.gather(this.withoutLeft(items, results, since));
    return { keepsOlder };
  }

  /** Return `since` for an answer that is asked for now. It is larger than those before. */
  begin() {
    return this.#changes.begin();
  }

  withoutLeft(items, results, since) {
    return this.#changes.withoutLeft(items, results, since);
  }

  /** Return what adds the results of a page that is asked for now to items. */
  beginPage = () => {
    const since = this.begin();
    return (items, results) => {
      const kept = this.#changes.renew(this.withoutLeft(results, results, since), since);
      return this.gather([...items, ...kept]);
    };
  };

  /** Take a page of older ones, to which `add`, made by beginPage, belongs. */
  addOlder(add, results, before) {
    const known = new Set(this.#items.map(({ id }) => id));
    const older = results.filter(({ id }) => !known.has(id) && id < before);
    this.#items = add(this.#items, older);
    this.#most = MOST_READ;
  }

  /** Put one in its place; return how many more there are, or null if it is there already. */
  put(item) {
    const before = this.#items.find((other) => isReplaced(other, item));
    const items = put(this.#items, item);
    if (items === this.#items) return null;
    this.#items = items;
    this.#changes.come(item);
    return Math.max(0, this.sizeOf(item) - (before ? this.sizeOf(before) : 0));
  }

  apply(mark) {
    this.#changes.note(mark);
    this.#items = this.gather(apply(this.#items, mark));
  }

  /** Return how ids are found here: `parts` are items of which only a part is named; `isAll`: the rest is nothing else. */
  find(ids) {
    const found = this.#items.filter(({ id }) => ids.has(id));
    const parts = found.filter((item) => isPartOnly(item, ids, this.sizeOf(item))).map(({ id }) => id);
    const isAll = parts.length === 0 && found.reduce((sum, item) => sum + this.sizeOf(item), 0) === ids.size;
    return { parts, isAll };
  }

  /** These are not listed any more; the others of their groups are. */
  leave(ids) {
    this.#changes.leave(ids);
  }

  remove(isGone) {
    this.#items = this.#items.filter((item) => !isGone(item));
  }

  /** Whether some of these ids may be in a group that one of `items` stands for. */
  arePartOf(items, ids) {
    return items.some((item) => this.sizeOf(item) > 1 && ids.some((id) => mayBePart(id, item)));
  }

  /** Drop the oldest if there are too many; return whether it was so. */
  trim() {
    const { items, hasDropped } = trim(this.#items, this.#most);
    this.#items = items;
    return hasDropped;
  }

  clear() {
    this.#items = [];
    this.#changes.clear();
    this.#taken = 0;
    this.#most = MOST_ITEMS;
  }
}
