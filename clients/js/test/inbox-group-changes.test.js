/** What other devices and senders change within a group. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "./fakes/fakes.js";
import { member, openGroups, update } from "./fakes/groups.js";
import { entries, entry } from "./fakes/inbox.js";

const FOUND = () => [member(5, 3), member(4, 3), member(3, 3), entry(2), entry(1)];
const OTHERS = [[2, undefined], [1, undefined]]; // prettier-ignore
const LONGEST_MS = 10_000;

async function open(t, found = FOUND()) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const opened = await openGroups(found);
  const reads = () => opened.inbox.calls.filter(([call]) => call === "list").length;
  const wait = async (ms = 300) => {
    for (let waited = 0; waited < ms; waited += 100) {
      t.mock.timers.tick(100);
      await settle();
    }
  };
  return { ...opened, reads, wait };
}

function archive(inbox, ids) {
  for (const one of inbox.entries) if (ids.includes(one.id)) one.archived_at = 1;
}

function withdraw({ inbox, store }, ids) {
  inbox.entries = inbox.entries.filter(({ id }) => !ids.includes(id));
  store.withdraw(ids);
}

test("a group of which another device has archived a part stays, and then shows the rest", async (t) => {
  const { inbox, store, items, wait } = await open(t);

  archive(inbox, [5, 4]);
  store.takeStates({ ids: [5, 4], archived_at: 1 });
  assert.deepEqual(items(), [[5, 3], ...OTHERS]);
  await wait();

  assert.deepEqual(items(), [[3, 1], ...OTHERS]);
});

test("a part of a group and a stranger are no whole group", async (t) => {
  const { inbox, store, items, wait } = await open(t, [member(5, 4), member(4, 4), ...entries(2)]);

  archive(inbox, [5]);
  store.takeStates({ ids: [5, 900], archived_at: 1 });
  await wait();

  assert.deepEqual(items(), [[4, 1], ...OTHERS]);
});

test("a group that comes back from the archive is one row", async (t) => {
  const { inbox, store, items, wait } = await open(t);
  archive(inbox, [5, 4]);
  store.takeStates({ ids: [5, 4], archived_at: 1 });
  await wait();

  for (const one of inbox.entries) one.archived_at = null;
  store.takeStates({ ids: [5, 4], archived_at: null });
  await wait(1000);

  assert.deepEqual(items(), [[5, 3], ...OTHERS]);
});

test("a group that is marked elsewhere as a whole needs no reading for its count", async (t) => {
  const { store, shown, reads, wait } = await open(t);
  const before = reads();

  store.takeStates({ ids: [5, 4, 3], read_at: 9 });
  store.setUnread(2);
  await wait();

  assert.deepEqual([shown().unread, reads()], [2, before]);
});

test("what is seen needs no reading: nothing shows it", async (t) => {
  const { store, reads, wait } = await open(t);
  const before = reads();

  store.takeStates({ ids: [5], seen_at: 9 });
  store.takeStates({ ids: [5, 900], seen_at: 9, more: true });
  await wait(LONGEST_MS);

  assert.equal(reads(), before);
});

test("a group whose newest one is withdrawn stays until it is read again", async (t) => {
  const opened = await open(t, [member(5, 3), member(4, 3), member(3, 3)]);

  withdraw(opened, [5]);
  assert.deepEqual(opened.items(), [[5, 3]]);
  await opened.wait();

  assert.deepEqual(opened.items(), [[4, 2]]);
});

test("a list of unread ones shows the rest of a group, too", async (t) => {
  const opened = await open(t);
  await opened.store.inState("unread").load();

  withdraw(opened, [5]);
  assert.deepEqual(opened.itemsIn("unread"), [[5, 3], ...OTHERS]);
  await opened.wait();
  assert.deepEqual(opened.itemsIn("unread"), [[4, 2], ...OTHERS]);

  withdraw(opened, [4, 3]);
  await opened.wait(1000);
  assert.deepEqual(opened.itemsIn("unread"), OTHERS);
});

test("an answer from before a withdrawal is not taken for what is left", async (t) => {
  const opened = await open(t);
  const release = opened.inbox.hold();
  const late = opened.store.load();
  await settle();

  withdraw(opened, [5, 2]);
  await opened.wait();
  assert.deepEqual(opened.items(), [[4, 2], OTHERS[1]]);
  release();
  await late;

  assert.deepEqual(opened.items(), [[4, 2], OTHERS[1]]);
});

test("an answer from before a mark elsewhere is not taken for what it has left", async (t) => {
  const { inbox, store, items, wait } = await open(t);
  const release = inbox.hold();
  const late = store.load();
  await settle();

  archive(inbox, [3]);
  store.takeStates({ ids: [3], archived_at: 1 });
  await wait();
  assert.deepEqual(items()[0], [5, 2]);
  release();
  await late;

  assert.deepEqual(items()[0], [5, 2]);
});

test("what was withdrawn while the inbox was read for the first time is not shown", async (t) => {
  const opened = await open(t, []);
  opened.inbox.entries = FOUND();
  const release = opened.inbox.hold();
  const late = opened.store.load();
  await settle();

  withdraw(opened, [5, 2]);
  release();
  await late;
  await opened.wait();

  assert.deepEqual(opened.items(), [[4, 2], OTHERS[1]]);
});

test("what is withdrawn and is in no group here makes nobody read", async (t) => {
  const { store, reads, wait } = await open(t);
  const before = reads();

  store.withdraw([2]);
  store.setUnread(4); // of five
  store.setUnread(5);
  store.withdraw([9]);
  store.setUnread(4);
  await wait(LONGEST_MS);

  assert.equal(reads(), before);
});

test("withdrawals again and again are read ever less often, until it is calm", async (t) => {
  const { store, reads, wait } = await open(t);
  const before = reads();

  for (let ms = 0; ms < 60_000; ms += 100) {
    store.withdraw([4]);
    await wait(100);
  }
  const often = reads() - before;
  assert.ok(often > 5 && often < 20, String(often));
  await wait(3 * LONGEST_MS);
  const calm = reads();
  store.withdraw([3]);
  await wait(300);

  assert.equal(reads(), calm + 1);
});

test("a group is shown once, also if its newest one was read between two pages", async (t) => {
  const found = [member(40, 2), ...Array.from({ length: 30 }, (_, place) => entry(39 - place)), member(2, 2)];
  const { inbox, store, itemsIn } = await open(t, found);
  await store.inState("unread").load();

  inbox.entries[0].read = true;
  await store.inState("unread").loadMore();

  assert.deepEqual(itemsIn("unread").map(([id]) => id), [40, ...Array.from({ length: 30 }, (_, place) => 39 - place)]); // prettier-ignore
});

test("what comes late is put in its place among the unread ones", async (t) => {
  const { store, itemsIn } = await open(t, [entry(9), entry(7)]);
  await store.inState("unread").load();

  store.add(update(8, 8, 1));
  store.add(update(8, 8, 2));

  assert.deepEqual(itemsIn("unread"), [[9, undefined], [8, 2], [7, undefined]]); // prettier-ignore
});

test("a list of archived ones brings nothing back that has left", async (t) => {
  const { inbox, store, items, itemsIn, wait } = await open(t);
  archive(inbox, [5]);
  store.takeStates({ ids: [5], archived_at: 1 });

  await store.inState("archived").load();
  assert.deepEqual(itemsIn("archived"), [[5, 1]]);
  const release = inbox.hold(); // of the older answer, which does not know it
  const late = store.inState("archived").load();
  await wait();
  release();
  await late;

  assert.deepEqual([items(), itemsIn("archived")], [[[4, 2], ...OTHERS], [[5, 1]]]);
});

test("a group that is archived after a part of it is not read again and again", async (t) => {
  const { inbox, store, items, reads, wait } = await open(t);
  archive(inbox, [5]);
  store.takeStates({ ids: [5], archived_at: 1 });
  const [head] = store.getSnapshot().items;
  await store.change([head], { archived: true });
  await wait(LONGEST_MS);
  const before = reads();

  await wait(LONGEST_MS);

  assert.deepEqual([items(), reads()], [OTHERS, before]);
});
