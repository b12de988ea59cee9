/** The inbox with groups: one item stands for all of a group. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { InboxStore } from "../src/store/inbox-store.js";
import { FakeGroupsInbox, member, openGroups as open, update } from "./fakes/groups.js";
import { notification } from "./fakes/fakes.js";
import { entry } from "./fakes/inbox.js";

const FOUND = () => [member(5, 3), member(4, 3), member(3, 3), entry(2), entry(1)];

test("a group is one item with its count", async () => {
  const { items, shown } = await open(FOUND());

  assert.deepEqual(items(), [[5, 3], [2, undefined], [1, undefined]]); // prettier-ignore
  assert.equal(shown().unread, 5);
});

test("an update takes the place of the group's item, and moves up", async () => {
  const { store, items, shown } = await open(FOUND());

  store.add({ ...notification(6, "6-0"), event: "comment notify" });
  store.add(update(8, 3, 5));

  assert.deepEqual(items(), [[8, 5], [6, undefined], [2, undefined], [1, undefined]]); // prettier-ignore
  const [{ group, actor_count: actors, data }] = shown().items;
  assert.deepEqual([group, actors, data], ["following", 5, { user_id: 2, user_name: "Ann", user_photo: null }]);
});

test("an update that comes again changes nothing", async () => {
  const { store, items } = await open(FOUND());
  store.add(update(5, 3, 3));
  assert.equal(items().length, 3);
});

test("a notification that comes late makes an update of the same id", async () => {
  const { store, items } = await open(FOUND());
  store.add(update(5, 3, 4));
  assert.deepEqual(items()[0], [5, 4]);
  store.add(update(5, 3, 3));
  store.add(update(4, 3, 2));
  assert.deepEqual(items(), [[5, 4], [2, undefined], [1, undefined]]); // prettier-ignore
});

test("a notification that was read before it was gathered becomes a part of its group", async () => {
  const { store, items } = await open([entry(6), ...FOUND()]); // 6 is not dispatched yet
  store.add(update(6, 3, 4));
  assert.deepEqual(items(), [[6, 4], [2, undefined], [1, undefined]]); // prettier-ignore
});

test("a mark of the item marks all of the group, at once and on the server", async () => {
  const { inbox, store, shown } = await open(FOUND());

  const marking = store.markRead([5]);
  assert.equal(shown().unread, 2);
  await marking;

  assert.equal(shown().unread, 2);
  assert.deepEqual(inbox.entries.filter(({ read }) => read).map(({ id }) => id), [5, 4, 3]); // prettier-ignore
});

test("the number does not fall too far for a group that is read in part", async () => {
  const found = FOUND();
  for (const one of found) if ([4, 3].includes(one.id)) one.read = true;
  const { store, shown } = await open(found);
  const counts = [shown().unread];
  store.subscribe(() => counts.push(shown().unread));

  await store.markRead([5]);

  assert.deepEqual([counts[0], counts.at(-1), Math.min(...counts)], [3, 2, 2]);
});

test("a mark of the item can be taken back for all of the group", async () => {
  const { store, shown } = await open(FOUND());
  await store.change([5], { archived: true });
  await store.change([5], { archived: false });
  assert.equal(shown().unread, 5);
});

test("a mark of an older item of a group marks all of the group as it is now", async () => {
  const { inbox, store, shown } = await open(FOUND());
  const [held] = shown().items;
  inbox.entries = [member(7, 3), ...inbox.entries];
  store.add(update(7, 3, 4));

  await store.markRead([held]);

  assert.equal(shown().items[0].read, true);
  assert.deepEqual(inbox.entries.filter(({ read }) => read).map(({ id }) => id), [7, 5, 4, 3]); // prettier-ignore
});

test("what was archived of a group can be taken back exactly, also when it is no longer here", async () => {
  const found = FOUND();
  found[2].archived_at = 1;
  const { inbox, store, items, shown } = await open(found);
  const [held] = shown().items;

  const ids = await store.change([held], { archived: true });
  inbox.entries = [member(8, 8), ...inbox.entries]; // the archived group has ended
  await store.load();
  await store.change(ids, { archived: false }, { withGroups: false });
  await store.load();

  assert.deepEqual(ids, [5, 4]);
  assert.deepEqual(items(), [[8, 1], [5, 2], [2, undefined], [1, undefined]]); // prettier-ignore
});

test("taking back the archiving of a group shows it and its count at once", async () => {
  const { store, items, shown } = await open(FOUND());
  const ids = await store.change([shown().items[0]], { archived: true });
  assert.equal(shown().unread, 2);

  const undoing = store.change(ids, { archived: false }, { withGroups: false });

  assert.deepEqual(items()[0], [5, 3]);
  assert.equal(shown().unread, 5);
  await undoing;
});

test("a mark of many rows resolves to all that have changed", async () => {
  const found = [...Array.from({ length: 1050 }, (_, place) => entry(1052 - place)), member(2, 1), member(1, 1)];
  const { store, shown } = await open(found);
  while (shown().hasMore) await store.loadMore();

  const ids = await store.change(shown().items, { read: true });

  assert.equal(shown().items.length, 1051);
  assert.equal(new Set(ids).size, 1052);
});

test("taking back a mark of all names each notification, and marks no other", async () => {
  const found = FOUND();
  found[2].read = true;
  const { inbox, store } = await open(found);

  const ids = await store.markAllRead();
  assert.deepEqual(ids, [5, 4, 2, 1]);
  await store.change(ids, { read: false }, { withGroups: false });

  assert.deepEqual(inbox.entries.filter(({ read }) => read).map(({ id }) => id), [3]); // prettier-ignore
});

test("what is withdrawn or marked elsewhere within a group is read again", async (t) => {
  const { inbox, store, items } = await open(FOUND());
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const reread = async () => {
    t.mock.timers.tick(1000);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };

  inbox.entries = inbox.entries.filter(({ id }) => id !== 4);
  store.withdraw([4]);
  await reread();
  assert.deepEqual(items()[0], [5, 2]);

  inbox.entries.find(({ id }) => id === 3).archived_at = 1;
  store.takeStates({ ids: [3], archived_at: 1 });
  await reread();
  assert.deepEqual(items()[0], [5, 1]);
});

test("what another device has marked as a whole needs no reading", async (t) => {
  const { inbox, store, shown } = await open(FOUND());
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const calls = inbox.calls.length;

  store.takeStates({ ids: [5, 4, 3], read_at: 9, seen_at: 9 });
  t.mock.timers.tick(1000);

  assert.equal(shown().items[0].read, true);
  assert.equal(inbox.calls.length, calls);
});

test("without groups each notification is an item of its own", async () => {
  const inbox = new FakeGroupsInbox(FOUND());
  const store = new InboxStore(inbox);
  await store.load();
  await store.markRead([5]);
  assert.equal(store.getSnapshot().items.length, 5);
  assert.equal(store.getSnapshot().unread, 4);
});
