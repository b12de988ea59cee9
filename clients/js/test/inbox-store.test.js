/** The inbox as data. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { InboxStore } from "../src/store/inbox-store.js";
import { notification, settle } from "./fakes/fakes.js";
import { entries, entry, FakeInbox, FakeStatesInbox } from "./fakes/inbox.js";

async function open(found) {
  const inbox = new FakeInbox(found);
  const store = new InboxStore(inbox);
  await store.load();
  const ids = () => store.getSnapshot().items.map(({ id }) => id);
  const readIds = () => store.getSnapshot().items.filter(({ read }) => read).map(({ id }) => id);
  return { inbox, store, ids, readIds, shown: () => store.getSnapshot() };
}

test("it shows the newest page, the count, and whether there is more", async () => {
  const { ids, shown } = await open(entries(25));

  assert.deepEqual(ids(), Array.from({ length: 20 }, (_, place) => 25 - place));
  assert.deepEqual([shown().status, shown().unread, shown().hasMore], ["ready", 25, true]);
});

test("older pages come after it, until there are none", async () => {
  const { store, ids, shown } = await open(entries(25));

  await store.loadMore();

  assert.equal(ids().length, 25);
  assert.equal(ids().at(-1), 1);
  assert.equal(shown().hasMore, false);
});

test("a snapshot is the same object until something changes", async () => {
  const { store, shown } = await open(entries(2));
  const before = shown();
  assert.equal(shown(), before);

  store.add(notification(3, "1-0"));

  assert.notEqual(shown(), before);
  assert.equal(shown(), shown());
});

test("listeners are told of what is pushed once for each frame, and of what the user does at once", async (t) => {
  const { store } = await open(entries(2));
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let told = 0;
  const end = store.subscribe(() => (told += 1));

  for (let id = 3; id <= 102; id++) {
    store.add(notification(id, "1-0"));
    store.setUnread(id);
    store.setUnseen(id);
  }
  assert.equal(told, 0);
  t.mock.timers.tick(16);
  assert.equal(told, 1);
  const marking = store.markRead([2]);
  assert.equal(told, 2);
  await marking;
  end();
  store.add(notification(103, "1-0"));
  t.mock.timers.tick(16);

  assert.equal(told, 3);
});

test("a live notification is put in its place once, with its data apart", async () => {
  const { store, ids, shown } = await open([entry(5), entry(3)]);

  for (const id of [4, 6, 4]) store.add({ ...notification(id, "1-0"), event: "liking notify", art_id: 8 });

  assert.deepEqual(ids(), [6, 5, 4, 3]);
  const [newest] = shown().items;
  assert.deepEqual([newest.event, newest.data.art_id, newest.created_at, newest.read], ["liking notify", 8, 1, false]);
});

test("marking as read shows at once, and stays when the server has done it", async () => {
  const { inbox, store, readIds, shown } = await open(entries(3));

  const marking = store.markRead([2]);
  assert.deepEqual([readIds(), shown().unread], [[2], 2]);
  await marking;

  assert.deepEqual([readIds(), shown().unread], [[2], 2]);
  assert.deepEqual(inbox.calls.at(-1), ["markRead", [2]]);
});

test("a mark that fails is taken back, and rejects", async () => {
  const { inbox, store, readIds, shown } = await open(entries(3));
  inbox.isAway = true;

  for (const mark of [() => store.markRead([2]), () => store.markAllRead()]) {
    const marking = mark();
    assert.notDeepEqual(readIds(), []);
    await assert.rejects(marking, /away/);

    assert.deepEqual([readIds(), shown().unread], [[], 3]);
    assert.equal(shown().error.message, "away");
  }
});

test("a count that is pushed while a mark is on its way is not reduced again", async () => {
  const { store, shown } = await open(entries(3));

  const marking = store.markRead([2]);
  store.setUnread(2);

  assert.equal(shown().unread, 2);
  await marking;
  assert.equal(shown().unread, 2);
});

test("two marks at once never make the count go up again", async () => {
  for (const isPushed of [false, true]) {
    const { store, shown } = await open(entries(5));
    const counts = [];
    store.subscribe(() => counts.push(shown().unread));

    const marking = [store.markRead([5]), store.markRead([4])];
    if (isPushed) store.setUnread(4);
    await Promise.all(marking);
    await new Promise((resolve) => setTimeout(resolve, 20));

    assert.deepEqual(counts, counts.toSorted().reverse());
    assert.deepEqual([shown().unread, counts.at(-1)], [3, 3]);
  }
});

test("marking all as read leaves what comes meanwhile unread", async () => {
  const { store, readIds, shown } = await open(entries(2));

  const marking = store.markAllRead();
  store.add(notification(3, "1-0"));

  assert.deepEqual([readIds(), shown().unread], [[2, 1], 1]);
  await marking;
});

test("marking all as read is taken back exactly, also what was never loaded here", async () => {
  const read = new Set([2400, 7]);
  const found = entries(2500).map((one) => ({ ...one, read: read.has(one.id) }));
  const inbox = new FakeStatesInbox(found);
  const store = new InboxStore(inbox);
  await store.load();

  const ids = await store.markAllRead();
  assert.equal(inbox.unread, 0);
  await store.change(ids, { read: false });

  assert.equal(ids.length, 2498);
  assert.deepEqual(inbox.entries.filter((one) => one.read).map(({ id }) => id), [...read]);
  assert.equal(store.getSnapshot().unread, 2498);
});

test("more than the server names can't be taken back", async () => {
  const store = new InboxStore(new FakeStatesInbox(entries(10_001)));
  await store.load();

  assert.equal(await store.markAllRead(), null);
});

test("an answer that is older than a mark does not undo it", async () => {
  const { store, readIds } = await open(entries(2));
  const late = { unread_count: 2, results: entries(2) };
  await store.markRead([2]);

  store.take(late);

  assert.deepEqual(readIds(), [2]);
});

test("withdrawn notifications leave the list, by the event and by the next answer", async () => {
  const { inbox, store, ids } = await open(entries(4));

  store.withdraw([2]);
  inbox.entries = inbox.entries.filter(({ id }) => id !== 3);
  assert.deepEqual(ids(), [4, 3, 1]);
  store.take({ unread_count: 3, results: inbox.entries.filter(({ id }) => id !== 2) });

  assert.deepEqual(ids(), [4, 1]);
});

test("after a gap, what is older than the newest page is dropped, because some may be missing between", async () => {
  const { inbox, store, ids, shown } = await open(entries(5));
  inbox.entries = entries(60);

  await store.load();

  assert.deepEqual([ids().length, ids().at(-1), shown().hasMore], [20, 41, true]);
});

test("without a gap, older pages stay", async () => {
  const { inbox, store, ids } = await open(entries(45));
  await store.loadMore();
  inbox.entries = entries(46);

  await store.load();

  assert.deepEqual([ids().length, ids()[0], ids().at(-1)], [41, 46, 6]);
});

test("a smaller count than is unread here makes it read the inbox again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { inbox, store, readIds } = await open(entries(3));
  inbox.entries[0].read = true;

  store.setUnread(2);
  t.mock.timers.tick(300);
  await new Promise((resolve) => setImmediate(resolve));

  assert.deepEqual(readIds(), [3]);
});

test("an answer that comes after that of a later request changes nothing", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const inbox = new FakeStatesInbox(entries(3));
  const store = new InboxStore(inbox);
  await store.load();
  const release = inbox.hold();
  const late = store.load();
  await settle();
  inbox.entries[0].read = true;

  store.setUnread(2);
  t.mock.timers.tick(300);
  await settle();
  release();
  await late;

  assert.deepEqual(store.getSnapshot().items.map(({ read }) => read), [true, false, false]);
});

test("an inbox that can't be read is said, and read the next time", async () => {
  const inbox = new FakeInbox(entries(1));
  const store = new InboxStore(inbox);
  inbox.isAway = true;
  await store.load();
  assert.deepEqual([store.getSnapshot().status, store.getSnapshot().error.message], ["failed", "away"]);

  inbox.isAway = false;
  await store.load();

  assert.deepEqual([store.getSnapshot().status, store.getSnapshot().error], ["ready", null]);
});

test("it holds a thousand, and says that there are more", async () => {
  const { store, ids, shown } = await open([]);

  for (let id = 1; id <= 1005; id++) store.add(notification(id, "1-0"));

  assert.deepEqual([ids().length, ids()[0], shown().hasMore], [1000, 1005, true]);
});

test("a reader of older ones loses none of them while new ones come, up to ten thousand", async () => {
  const { store, ids, shown } = await open(entries(40));
  await store.loadMore();

  for (let id = 41; id <= 1100; id++) store.add(notification(id, "1-0"));
  assert.deepEqual([ids().length, ids().at(-1)], [1100, 1]);

  for (let id = 1101; id <= 10_005; id++) store.add(notification(id, "1-0"));
  assert.deepEqual([ids().length, shown().hasMore], [10_000, false]);
});

test("an answer for a user who has logged out is dropped", async () => {
  const { store, ids } = await open(entries(2));

  const loading = store.load();
  store.reset();
  await loading;

  assert.deepEqual(ids(), []);
});
