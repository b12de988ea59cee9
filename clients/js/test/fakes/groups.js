/** The inbox of a server that knows groups, in memory. */

import { InboxStore } from "../../src/store/inbox-store.js";
import { notification } from "./fakes.js";
import { entry, FakeStatesInbox } from "./inbox.js";

/** With `groups: true` only the newest entry of each group is listed, and a mark of it marks those before it. */
export class FakeGroupsInbox extends FakeStatesInbox {
  constructor(found) {
    super(found);
    const list = this.list;
    this.list = async ({ groups, ...query }) => {
      const page = await list({ ...query, limit: 1000 });
      const isShown = ({ id, group_id: of }) => !groups || !of || page.results.every((other) => other.group_id !== of || other.id <= id);
      const results = page.results.filter(isShown).slice(0, query.limit);
      return { ...page, results: results.map((one) => this.#withCount(one, page.results)) };
    };
    const markState = this.markState;
    this.markState = ({ groups, ...mark }) => markState({ ...mark, ...(groups && { ids: this.#withMembers(mark.ids) }) });
  }

  #withCount(one, all) {
    return one.group_id ? { ...one, count: all.filter(({ group_id: of }) => of === one.group_id).length } : one;
  }

  #withMembers(ids) {
    const heads = this.entries.filter(({ id }) => ids.includes(id));
    const isMember = ({ id, group_id: of }) => heads.some((head) => head.id === id || (of && head.group_id === of && id <= head.id));
    return this.entries.filter(isMember).map(({ id }) => id);
  }
}

export const member = (id, groupId, more = {}) => entry(id, { group: "following", group_id: groupId, ...more });

/** Return an inbox, and a store that has read it and shows groups. */
export async function openGroups(found) {
  const inbox = new FakeGroupsInbox(found);
  const store = new InboxStore(inbox, { groups: true });
  await store.load();
  const itemsIn = (state) => store.inState(state).getSnapshot().items.map(({ id, count }) => [id, count]);
  return { inbox, store, itemsIn, shown: () => store.getSnapshot(), items: () => itemsIn("all") };
}

/** What is pushed when a group has got a new one. */
export const update = (id, groupId, count) => {
  const actors = [{ id: 2, name: "Ann", photo: "" }];
  return { ...notification(id, `${id}-0`), event: "following notify", group: "following", group_id: groupId, count, actor_count: count, actors };
};
