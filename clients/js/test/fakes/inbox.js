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

/** The inbox of a server that knows states. */
export class FakeStatesInbox extends FakeInbox {
  #held = null;

  get unread() {
    return this.entries.filter(({ read, archived_at: archivedAt }) => !read && !archivedAt).length;
  }

  /** Keep the next answer of `list`, as it is now, until what this returns is called. */
  hold() {
    let release;
    this.#held = new Promise((resolve) => (release = resolve));
    return release;
  }

  constructor(found) {
    super(found);
    const all = this.list;
    this.list = async ({ state = "all", ...query }) => {
      const { entries } = this;
      this.entries = entries.filter((entry) => this.#isIn(entry, state));
      const answer = all(query);
      this.entries = entries;
      const page = { ...(await answer), unread_count: this.unread, unseen_count: this.#unseen };
      const held = this.#held;
      this.#held = null;
      await held;
      return page;
    };
  }

  markState = async (mark) => {
    this.calls.push(["markState", mark]);
    if (this.isAway) throw new Error("away");
    if (mark.ids?.length > 1000) throw new Error("422");
    const ids = new Set(mark.ids);
    const isNamed = (entry) => ids.has(entry.id) || (entry.id <= mark.filter?.up_to && !entry.archived_at);
    const isChanged = ({ read, archived_at: archivedAt }) =>
      (mark.read ?? read) !== read || (mark.archived ?? Boolean(archivedAt)) !== Boolean(archivedAt);
    const changed = this.entries.filter((entry) => isNamed(entry) && isChanged(entry));
    for (const entry of this.entries.filter(isNamed)) {
      if (mark.read !== undefined) entry.read = mark.read;
      if (mark.archived !== undefined) entry.archived_at = mark.archived ? 1 : null;
      if (mark.seen || mark.read) entry.seen_at = 1;
    }
    const named = mark.with_ids && changed.length <= 10_000 ? changed.map(({ id }) => id) : null;
    return { unread_count: this.unread, unseen_count: this.#unseen, ids: named };
  };

  counts = async () => {
    const count = (state) => this.entries.filter((entry) => this.#isIn(entry, state)).length;
    return { all: count("all"), unread: count("unread"), archived: count("archived") };
  };

  get #unseen() {
    return this.entries.filter((entry) => this.#isIn(entry, "unread") && !entry.seen_at).length;
  }

  #isIn({ read, archived_at: archivedAt }, state) {
    if (state === "archived") return Boolean(archivedAt);
    return !archivedAt && (state === "all" || !read);
  }
}
