/** An inbox in memory, in place of the HTTP API. */

export class FakeInbox {
  calls = [];
  isAway = false;

  /** `entries` are newest first. */
  constructor(entries = []) {
    this.entries = entries;
  }

  get unread() {
    return this.entries.filter(({ read }) => !read).length;
  }

  list = async ({ limit, before = Infinity }) => {
    this.calls.push(["list", before]);
    this.#answer();
    const results = this.entries.filter(({ id }) => id < before).slice(0, limit);
    return structuredClone({ unread_count: this.unread, results });
  };

  markRead = async ({ ids, up_to: upTo }) => {
    this.calls.push(["markRead", ids ?? upTo]);
    this.#answer();
    for (const entry of this.entries) if (ids?.includes(entry.id) || entry.id <= upTo) entry.read = true;
    return { unread_count: this.unread };
  };

  #answer() {
    if (this.isAway) throw new Error("away");
  }
}

export const entry = (id, more = {}) => ({
  id,
  event: "following notify",
  data: { user_id: 2, user_name: "Ann" },
  created_at: 1,
  read: false,
  text: `Ann follows you (${id})`,
  url: null,
  ...more,
});

/** Return so many entries, newest first, the oldest with the id 1. */
export const entries = (count) => Array.from({ length: count }, (_, place) => entry(count - place));
