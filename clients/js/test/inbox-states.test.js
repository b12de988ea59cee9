/** States of the inbox: seen, read and archived, each of them there and back. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { InboxStore } from "../src/store/inbox-store.js";
import { notification, settle } from "./fakes/fakes.js";
import { entries, FakeStatesInbox } from "./fakes/inbox.js";

async function open(found) {
  const inbox = new FakeStatesInbox(found);
  const store = new InboxStore(inbox);
  await store.load();
  await settle();
  const idsIn = (state) => store.inState(state).getSnapshot().items.map(({ id }) => id);
  return { inbox, store, idsIn, shown: () => store.getSnapshot() };
}

test("an archived one leaves the list and the count at once, and comes back when that is undone", async () => {
  const { store, idsIn, shown } = await open(entries(3));

  const archiving = store.change([2], { archived: true });
  assert.deepEqual([idsIn("all"), shown().unread], [[3, 1], 2]);
  await archiving;
  assert.deepEqual([idsIn("all"), shown().unread], [[3, 1], 2]);
  await store.change([2], { archived: false });

  assert.deepEqual([idsIn("all"), shown().unread], [[3, 2, 1], 3]);
});

test("a change that the server does not take is taken back", async () => {
  const { inbox, store, idsIn, shown } = await open(entries(2));
  inbox.isAway = true;

  await assert.rejects(store.change([2], { archived: true }), /away/);

  assert.deepEqual([idsIn("all"), shown().unread, shown().error.message], [[2, 1], 2, "away"]);
});

test("what was read can be unread, and an older answer does not undo it", async () => {
  const { inbox, store, shown } = await open(entries(2));
  await store.markRead([2]);
  const late = inbox.hold();
  const loading = store.load();

  await store.change([2], { read: false });
  late();
  await loading;

  assert.deepEqual([shown().items.map(({ read }) => read), shown().unread], [[false, false], 2]);
});

test("the unread ones are read when they are shown, and one that is read stays among them", async () => {
  const { inbox, store, idsIn } = await open(entries(3));
  inbox.entries[1].read = true;
  await store.inState("unread").load();
  assert.deepEqual(idsIn("unread"), [3, 1]);

  await store.markRead([3]);
  store.add(notification(4, "1-0"));

  assert.deepEqual(idsIn("unread"), [4, 3, 1]);
});

test("the archived ones are a list of their own", async () => {
  const { store, idsIn } = await open(entries(25));
  await store.change([...Array(22).keys()].map((id) => id + 1), { archived: true });
  const archived = store.inState("archived");

  await archived.load();
  assert.equal(idsIn("archived").length, 20);
  await archived.loadMore();
  assert.equal(idsIn("archived").length, 22);
  await store.change([22], { archived: false });

  assert.deepEqual([idsIn("archived").length, idsIn("archived")[0], archived.getSnapshot().hasMore], [21, 21, false]);
});

test("what another device changes is shown, there and back", async () => {
  const { store, idsIn, shown } = await open(entries(3));

  store.takeStates({ ids: [3, 2], read_at: 5, seen_at: 5 });
  store.takeStates({ ids: [1], archived_at: 5 });
  assert.deepEqual([idsIn("all"), shown().items.map(({ read }) => read)], [[3, 2], [true, true]]);
  store.takeStates({ ids: [3], read_at: null });
  store.takeStates({ ids: [1], archived_at: null });

  assert.deepEqual([idsIn("all"), shown().items.map(({ read }) => read)], [[3, 2, 1], [false, true, false]]);
});

test("where more was changed than was told, the inbox is read", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { inbox, store, shown } = await open(entries(2));
  inbox.entries[1].read = true;

  store.takeStates({ ids: [2], read_at: 5, more: true });
  t.mock.timers.tick(300);
  await settle();

  assert.deepEqual(shown().items.map(({ id, read }) => [id, read]), [[2, false], [1, true]]);
});

test("after a reconnect, and where the server has lost count, the inbox is stale until it is read", async () => {
  const { store, shown } = await open(entries(1));
  for (const happen of [() => store.becomeStale(), () => store.setUnseen(null)]) {
    happen();
    assert.equal(shown().isStale, true);
    await store.load();
    assert.equal(shown().isStale, false);
  }
});

test("what is shown is marked as seen, once", async () => {
  const { inbox, store, shown } = await open(entries(3));
  assert.equal(shown().unseen, 3);

  await store.markSeen();
  await store.markSeen();

  assert.equal(shown().unseen, 0);
  assert.deepEqual(inbox.calls.filter(([call]) => call === "markState"), [["markState", { filter: { up_to: 3 }, seen: true }]]);
});

test("the counts are those of the server, and what comes is added", async () => {
  const { store, shown } = await open(entries(3));
  store.add(notification(4, "1-0"));
  assert.deepEqual(shown().counts, { all: 4, unread: 3, archived: 0 });

  await store.change([2], { archived: true });
  await settle();

  assert.deepEqual(shown().counts, { all: 2, unread: 2, archived: 1 });
});

test("a mark waits for the one before it, so that an undo never comes first", async () => {
  const { inbox, store } = await open(entries(1));
  let answer;
  const held = new Promise((resolve) => (answer = resolve));
  const markState = inbox.markState;
  inbox.markState = async (mark) => {
    if (mark.archived) await held;
    return markState(mark);
  };

  const marks = [store.change([1], { archived: true }), store.change([1], { archived: false })];
  await new Promise((resolve) => setTimeout(resolve, 5));
  answer();
  await Promise.all(marks);

  assert.equal(inbox.entries[0].archived_at, null);
  assert.equal(store.getSnapshot().items.length, 1);
});

test("what comes or is marked while the unread ones are read is not lost", async () => {
  const { inbox, store, idsIn } = await open(entries(4));
  const unread = store.inState("unread");
  const release = inbox.hold();
  const loading = unread.load();
  await settle();

  store.add(notification(5, "1-0"));
  store.add(notification(6, "1-0"));
  await store.markRead([5, 4]);
  await store.change([3], { archived: true });
  store.takeStates({ ids: [2], read_at: 5 });
  store.withdraw([6]);
  release();
  await loading;

  assert.deepEqual(idsIn("unread"), [5, 4, 2, 1]);
  assert.deepEqual(unread.getSnapshot().items.map(({ read }) => read), [true, true, true, false]);
});

test("what another device marks while older ones are read is not undone by their answer", async () => {
  const { inbox, store, idsIn, shown } = await open(entries(25));
  const release = inbox.hold();
  const loading = store.loadMore();
  await settle();

  store.takeStates({ ids: [5], archived_at: 5, read_at: 5 });
  store.takeStates({ ids: [4], read_at: 5 });
  release();
  await loading;

  assert.deepEqual(idsIn("all").slice(20), [4, 3, 2, 1]);
  assert.deepEqual(shown().items.slice(20).map(({ read }) => read), [true, false, false, false]);
});

test("what another device marks while the inbox is read for the first time is not undone", async () => {
  const inbox = new FakeStatesInbox(entries(3));
  const store = new InboxStore(inbox);
  const release = inbox.hold();
  const loading = store.load();
  await settle();

  store.takeStates({ ids: [3], archived_at: 5 });
  store.takeStates({ ids: [2], read_at: 5 });
  release();
  await loading;

  assert.deepEqual(store.getSnapshot().items.map(({ id, read }) => [id, read]), [[2, true], [1, false]]); // prettier-ignore
});

const wait = (t, ms = 300) => {
  t.mock.timers.tick(ms);
  return settle();
};

async function openTab(t, found, state = "unread") {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1e9 });
  const opened = await open(found);
  const tab = opened.store.inState(state);
  await tab.load();
  const rows = () => tab.getSnapshot().items.map(({ id, read }) => (read ? -id : id)); // negative: read
  return { ...opened, tab, rows };
}

test("a list of unread ones that is shown follows what happened while it was away, and drops no row", async (t) => {
  const { inbox, store, shown, rows } = await openTab(t, entries(3));
  for (const one of inbox.entries.slice(0, 2)) one.read = true;
  inbox.entries.unshift(...entries(5).slice(0, 2));
  inbox.entries[1].read = true;

  store.becomeStale();
  await store.load();
  await settle();

  assert.deepEqual([rows(), shown().unread], [[5, -3, -2, 1], 2]);
});

test("a list of unread ones that is shown follows a mark that was told in part", async (t) => {
  const { inbox, store, rows } = await openTab(t, entries(30));
  await store.inState("unread").loadMore();
  for (const one of inbox.entries) one.read = one.id !== 7;

  store.takeStates({ ids: [30], read_at: 5, more: true });
  await wait(t);

  assert.deepEqual(rows(), entries(30).map(({ id }) => (id === 7 ? id : -id))); // prettier-ignore
});

test("lists of states that are shown follow what was archived, and what came back, in part", async (t) => {
  const { inbox, store, rows, idsIn } = await openTab(t, entries(4));
  await store.change([1], { archived: true });
  await store.inState("archived").load();
  for (const one of inbox.entries) one.archived_at = one.id === 1 ? null : 5;

  store.takeStates({ ids: [4], archived_at: 5, more: true });
  await wait(t);

  assert.deepEqual([rows(), idsIn("archived")], [[1], [4, 3, 2]]);
});

test("what was marked here, or came, while lists of states were read again is not undone", async (t) => {
  const { inbox, store, rows } = await openTab(t, entries(4));
  inbox.entries[3].read = true;
  const { list } = inbox;
  let answer;
  const held = new Promise((resolve) => (answer = resolve));
  inbox.list = async (query) => {
    const page = await list(query);
    await held;
    return page;
  };
  store.takeStates({ ids: [1], read_at: 5, more: true });
  await wait(t);

  store.add(notification(5, "1-0"));
  await store.change([4], { read: true });
  await store.change([1], { read: false });
  await store.change([3], { archived: true });
  answer();
  await settle();

  assert.deepEqual(rows(), [5, -4, 2, 1]);
});

test("a list of unread ones stays in order over a gap, and goes on below it", async (t) => {
  const { inbox, store, tab, rows } = await openTab(t, entries(45));
  inbox.entries.unshift(...entries(55).slice(0, 10));
  store.becomeStale();
  await store.load();
  await settle();
  await tab.loadMore();
  assert.deepEqual(rows(), entries(55).slice(0, 50).map(({ id }) => id)); // prettier-ignore

  inbox.entries = entries(300);
  store.becomeStale();
  await store.load();
  await settle();
  await tab.loadMore();

  const ids = rows();
  assert.deepEqual(ids, entries(300).slice(0, ids.length).map(({ id }) => id)); // prettier-ignore
});

test("what another device has archived leaves the newest rows, too; what came since the answer was asked for stays", async () => {
  const { inbox, store, idsIn } = await open(entries(3));
  inbox.entries[0].archived_at = 5;
  const release = inbox.hold();
  const loading = store.load();
  await settle();
  store.add(notification(4, "1-0"));
  release();
  await loading;
  assert.deepEqual(idsIn("all"), [4, 2, 1]);

  for (const one of inbox.entries) one.archived_at = 5;
  await store.load();

  assert.deepEqual(idsIn("all"), []);
});

test("lists of states that nobody has shown are not read", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { inbox, store } = await open(entries(3));
  const before = inbox.calls.filter(([call]) => call === "list").length;

  store.takeStates({ ids: [1], read_at: 5, more: true });
  await wait(t);

  assert.equal(inbox.calls.filter(([call]) => call === "list").length, before + 1);
});

test("lists of states follow while there is no live connection", async (t) => {
  const { inbox, store, rows } = await openTab(t, entries(2));
  store.setConnection("offline");
  inbox.entries[0].read = true;
  inbox.entries.unshift(entries(3)[0]);

  await store.load();
  await settle();

  assert.deepEqual(rows(), [3, -2, 1]);
});
