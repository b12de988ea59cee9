/** One socket for all tabs of a browser, with fakes of its locks and channels. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { SharedPush } from "../src/live/shared-push.js";
import { FakeChannels, FakeLocks, FakeSocket, FakeStorage, notification, settle } from "./fakes/fakes.js";

const PATIENCE_MS = 30_000;

class Browser {
  locks = new FakeLocks();
  channels = new FakeChannels();
  tabs = [];

  /** Open a tab; what it has seen is in it, and its socket once it has one. */
  async open({ userId = 7, locks = this.locks, storage = new FakeStorage(), loadInbox, groups } = {}) {
    const tab = { seen: [], sockets: [], inboxReads: 0, token: "token", channels: [], storage };
    tab.push = new SharedPush({
      io: (_url, { auth }) => tab.sockets.push((tab.socket = new FakeSocket(auth))) && tab.socket,
      url: "http://im.example",
      userId,
      storage,
      groups,
      getToken: async () => tab.token,
      loadInbox: async () => {
        tab.inboxReads += 1;
        return loadInbox ? loadInbox() : { unread_count: 3, results: [] };
      },
      tabs: { locks, openChannel: (name) => tab.channels.push(this.channels.open(name)) && tab.channels.at(-1) },
    });
    for (const type of ["state", "notification", "event", "withdrawn", "unread", "inbox"]) {
      tab.push.addEventListener(type, ({ detail }) => tab.seen.push([type, detail]));
    }
    tab.details = (type) => tab.seen.filter(([seen]) => seen === type).map(([, detail]) => detail);
    tab.ids = () => tab.details("notification").map(({ id }) => id);
    tab.state = () => tab.details("state").at(-1);
    this.tabs.push(tab);
    tab.push.start();
    await settle();
    return tab;
  }

  /** Open a tab that leads and is live at the offset 1-0, and others that follow it. */
  async openLive({ followers = 1 } = {}) {
    const leader = await this.open();
    await accept(leader, { offset: "1-0" });
    const others = [];
    for (let n = 0; n < followers; n++) others.push(await this.open());
    return [leader, ...others];
  }

  close() {
    for (const { push } of this.tabs) push.stop();
  }
}

async function accept({ socket }, { offset, recovered = true, replay = [], unread = 0 }) {
  socket.accept();
  for (const data of replay) socket.receive("following notify", data);
  socket.receive("sync", { recovered, offset, unread_count: unread });
  await settle();
}

async function wait(ms = PATIENCE_MS) {
  for (let waited = 0; waited < ms; waited += 1000) {
    mock.timers.tick(1000);
    await settle();
  }
}

let browser;
beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  browser = new Browser();
});
afterEach(() => {
  browser.close();
  mock.timers.reset();
});

test("the second tab has no socket, and the same events", async () => {
  const [leader, follower] = await browser.openLive();

  leader.socket.receive("following notify", notification(5, "2-0"));
  leader.socket.receive("unread", { count: 1 });
  leader.socket.receive("withdrawn", { ids: [4] });
  leader.socket.receive("anything", { a: 1 });
  await settle();

  assert.deepEqual(follower.sockets, []);
  for (const tab of [leader, follower]) {
    assert.deepEqual(tab.ids(), [5]);
    assert.equal(tab.details("unread").at(-1), 1);
    assert.deepEqual(tab.details("withdrawn"), [[4]]);
    assert.deepEqual(tab.details("event"), [{ event: "anything", data: { a: 1 } }]);
  }
});

test("a tab that asks for groups shares no socket with one that does not, and one with those that do", async () => {
  const plain = await browser.open();
  const grouped = await browser.open({ groups: true });
  const another = await browser.open({ groups: true });
  await accept(plain, { offset: "1-0" });
  await accept(grouped, { offset: "1-0" });
  const groupOf = { ...notification(5, "2-0"), group: "following", group_id: 4, count: 2 };

  plain.socket.receive("following notify", notification(5, "2-0"));
  grouped.socket.receive("following notify", groupOf);
  await settle();

  assert.deepEqual(browser.tabs.map(({ sockets }) => sockets.length), [1, 1, 0]); // prettier-ignore
  assert.deepEqual(plain.socket.greetings, [{ token: "token" }]);
  assert.deepEqual(grouped.socket.greetings, [{ token: "token", groups: true }]);
  assert.deepEqual([plain, grouped, another].map((tab) => tab.details("notification").map(({ count }) => count)), [[undefined], [2], [2]]); // prettier-ignore
});

test("a tab that comes later reads the inbox once and is live", async () => {
  const [, follower] = await browser.openLive();

  assert.equal(follower.inboxReads, 1);
  assert.equal(follower.details("inbox").length, 1);
  assert.equal(follower.state(), "live");
});

test("a tab that is reloaded and missed nothing reads nothing", async () => {
  const [, follower] = await browser.openLive();
  follower.push.stop();

  const again = await browser.open({ storage: follower.storage });

  assert.equal(again.inboxReads, 0);
  assert.equal(again.state(), "live");
});

test("a tab that opens in the middle of a replay reads the inbox, whatever its offset", async () => {
  const [leader, follower] = await browser.openLive();
  follower.push.stop();
  leader.socket.drop();
  await wait(20_000);
  leader.socket.accept();
  leader.socket.receive("following notify", notification(5, "2-0"));
  await settle();

  const again = await browser.open({ storage: follower.storage });
  leader.socket.receive("sync", { recovered: true, offset: "2-0", unread_count: 1 });
  await settle();

  assert.equal(again.inboxReads, 1);
  assert.equal(again.state(), "live");
});

test("when the leader closes, another tab connects with the last offset, and shows nothing twice", async () => {
  const [leader, follower, third] = await browser.openLive({ followers: 2 });
  leader.socket.receive("following notify", notification(5, "2-0"));
  await settle();

  leader.push.stop();
  await settle();
  assert.deepEqual(follower.socket.greetings, [{ token: "token", last_offset: "2-0" }]);
  await accept(follower, { offset: "3-0", replay: [notification(5, "2-0"), notification(6, "3-0")] });

  for (const tab of [follower, third]) {
    assert.deepEqual(tab.ids(), [5, 6]);
    assert.equal(tab.state(), "live");
    assert.equal(tab.inboxReads, 1, "the replay has what was missed");
  }
  assert.deepEqual(third.sockets, []);
});

test("each tab shows the state of the connection", async () => {
  const [leader, follower] = await browser.openLive();

  leader.socket.drop();
  await settle();
  assert.deepEqual([leader.state(), follower.state()], ["offline", "offline"]);
  await wait(20_000);
  leader.socket.accept();
  await settle();
  assert.deepEqual([leader.state(), follower.state()], ["catching-up", "catching-up"]);
  leader.socket.receive("sync", { recovered: true, offset: "1-0", unread_count: 0 });
  await settle();
  assert.deepEqual([leader.state(), follower.state()], ["live", "live"]);
});

test("a gap that the history does not cover is read by each tab", async () => {
  const [leader, follower] = await browser.openLive();
  leader.socket.drop();
  await wait(20_000);

  await accept(leader, { offset: "9-0", recovered: false });

  assert.deepEqual([leader.inboxReads, follower.inboxReads], [2, 2]);
  assert.deepEqual([leader.state(), follower.state()], ["live", "live"]);
});

test("a tab that missed a message of the leader reads the inbox", async () => {
  const [leader, follower] = await browser.openLive();
  const [channel] = follower.channels;
  channel.isFrozen = true;
  leader.socket.receive("following notify", notification(5, "2-0"));
  await settle();
  channel.isFrozen = false;

  leader.socket.receive("following notify", notification(6, "3-0"));
  await settle();

  assert.deepEqual(follower.ids(), [6]);
  assert.equal(follower.inboxReads, 2);
  assert.equal(follower.state(), "live");
});

test("a tab notices what it missed, also if nothing more comes", async () => {
  const [leader, follower] = await browser.openLive();
  const [channel] = follower.channels;
  channel.isFrozen = true;
  leader.socket.receive("following notify", notification(5, "2-0"));
  await settle();
  channel.isFrozen = false;

  await wait();

  assert.equal(follower.inboxReads, 2);
});

test("an inbox that can't be read is tried again, and the tab says so", async () => {
  const leader = await browser.open();
  await accept(leader, { offset: "1-0" });
  let isAway = true;
  const loadInbox = async () => {
    if (isAway) throw new Error("away");
    return { unread_count: 1, results: [] };
  };
  const follower = await browser.open({ loadInbox });
  assert.equal(follower.state(), "offline");

  isAway = false;
  await wait(5_000);

  assert.equal(follower.state(), "live");
});

test("a leader that does not answer is replaced, and follows when it runs again", async () => {
  const [leader, follower] = await browser.openLive();
  leader.channels[0].isFrozen = true;

  for (let seconds = 0; follower.sockets.length === 0 && seconds < 30; seconds++) await wait(1000);
  leader.channels[0].isFrozen = false;
  await accept(follower, { offset: "1-0" });
  await wait();

  assert.equal(follower.sockets.length, 1);

  assert.equal(leader.socket.connected, false);
  assert.equal(leader.state(), "live");
  follower.socket.receive("following notify", notification(5, "2-0"));
  await settle();
  assert.deepEqual([leader.ids(), follower.ids()], [[5], [5]]);
});

test("a leader that answers stays, however long nothing happens", async () => {
  const [leader, follower, third] = await browser.openLive({ followers: 2 });

  await wait(300_000);

  assert.deepEqual([leader, follower, third].map(({ sockets }) => sockets.length), [1, 0, 0]);
});

test("tabs of two users don't mix", async () => {
  const ann = await browser.open({ userId: 7 });
  const bob = await browser.open({ userId: 8 });
  await accept(ann, { offset: "1-0" });

  ann.socket.receive("following notify", notification(5, "2-0"));
  await settle();

  assert.equal(bob.sockets.length, 1);
  assert.deepEqual(bob.ids(), []);
});

test("without locks, and without a user's id, each tab has a socket", async () => {
  for (const options of [{ locks: null }, { userId: null }]) {
    const tabs = [await browser.open(options), await browser.open(options)];

    assert.deepEqual(tabs.map(({ sockets }) => sockets.length), [1, 1]);
  }
});

test("a browser that refuses locks lets each tab lead", async () => {
  const locks = { request: () => Promise.reject(new DOMException("refused", "SecurityError")) };

  const tabs = [await browser.open({ locks }), await browser.open({ locks })];

  assert.deepEqual(tabs.map(({ sockets }) => sockets.length), [1, 1]);
});

test("a session that is over ends in all tabs", async () => {
  const [leader, follower] = await browser.openLive();
  leader.push.addEventListener("state", ({ detail }) => detail === "logged-out" && leader.push.stop());
  leader.token = null;
  leader.socket.drop();
  await wait(20_000);

  assert.deepEqual([leader.state(), follower.state()], ["logged-out", "logged-out"]);
  assert.equal(follower.sockets.length, 0);
});
