/** The browser's push client, with a fake socket in place of socket.io-client's. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { PushClient } from "../src/live/push-client.js";
import { PushMemory } from "../src/live/push-memory.js";
import { FakeSocket, FakeStorage, notification, settle } from "./fakes/fakes.js";

const pause = async () => {
  mock.timers.tick(20_000);
  await settle();
};

async function start({ userId = 7, storage = new FakeStorage(), ...options } = {}) {
  const story = { seen: [], storage, inboxReads: 0, refreshes: 0, token: "old" };
  const client = new PushClient({
    io: (_url, { auth }) => (story.socket = new FakeSocket(auth)),
    url: "http://im.example",
    memory: new PushMemory(storage, `push:${userId}`),
    getToken: async ({ refresh }) => {
      if (!refresh) return story.token;
      story.refreshes += 1;
      return (story.token = "new");
    },
    loadInbox: async () => {
      story.inboxReads += 1;
      return { unread_count: 3, results: [] };
    },
    ...options,
  });
  for (const type of ["state", "notification", "event", "withdrawn", "unread", "inbox"]) {
    client.addEventListener(type, ({ detail }) => story.seen.push([type, detail]));
  }
  story.client = client;
  story.details = (type) => story.seen.filter(([seen]) => seen === type).map(([, detail]) => detail);
  story.state = () => story.details("state").at(-1);
  client.start();
  await settle();
  return story;
}

/** Start a client that has come to the offset 1-0 and is live. */
async function startLive(options) {
  const story = await start(options);
  story.socket.accept();
  story.socket.receive("sync", { recovered: true, offset: "1-0", unread_count: 0 });
  await settle();
  assert.equal(story.state(), "live");
  return story;
}

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

test("a notification that comes twice is shown once", async () => {
  const { socket, details } = await startLive();

  socket.receive("following notify", notification(5, "2-0"));
  socket.receive("following notify", notification(5, "2-0"));

  assert.deepEqual(details("notification").map(({ id }) => id), [5]);
});

test("a repeat is dropped after a reload as well", async () => {
  const first = await startLive();
  first.socket.receive("following notify", notification(5, "2-0"));

  const second = await startLive({ storage: first.storage });
  second.socket.receive("following notify", notification(5, "2-0"));

  assert.deepEqual(second.details("notification"), []);
});

test("an event without an id is no notification", async () => {
  const { socket, details } = await startLive();

  socket.receive("anything", { a: 1 });
  socket.receive("anything", null);

  assert.deepEqual(details("event"), [{ event: "anything", data: { a: 1 } }, { event: "anything", data: null }]);
  assert.deepEqual(details("notification"), []);
});

test("what a server says about the connection is no event of the host", async () => {
  const { socket, details } = await startLive();

  for (const event of ["message", "anonymous"]) socket.receive(event, { msg: "hello" });

  assert.deepEqual(details("event"), []);
});

test("withdrawn notifications are told by their ids", async () => {
  const { socket, details } = await startLive();

  socket.receive("withdrawn", { ids: [5, 6] });

  assert.deepEqual(details("withdrawn"), [[5, 6]]);
});

test("a reconnect brings the offset of the last notification", async () => {
  const { socket } = await startLive();
  socket.receive("following notify", notification(5, "2-0"));

  socket.drop();
  await pause();

  assert.deepEqual(socket.greetings, [{ token: "old" }, { token: "old", last_offset: "2-0" }]);
});

test("each user has an offset of their own", async () => {
  const { storage } = await startLive({ userId: 7 });

  const { socket } = await start({ userId: 8, storage });

  assert.deepEqual(socket.greetings, [{ token: "old" }]);
});

test("an offset is not kept before sync, as a live notification may overtake the replay", async () => {
  const { socket } = await startLive();
  socket.drop();
  await pause();
  socket.accept();
  socket.receive("following notify", notification(9, "9-0"));

  socket.drop();
  await pause();

  assert.equal(socket.greetings.at(-1).last_offset, "1-0");
});

test("the first connect reads the inbox, for nothing is replayed then", async () => {
  const { inboxReads, details } = await startLive();

  assert.equal(inboxReads, 1);
  assert.equal(details("inbox").length, 1);
});

test("a gap that the history does not cover is read from the inbox", async () => {
  const story = await startLive();
  story.socket.drop();
  await pause();
  story.socket.accept();

  story.socket.receive("sync", { recovered: false, offset: "8-0", unread_count: 4 });
  await settle();

  assert.equal(story.inboxReads, 2);
  assert.equal(story.state(), "live");
  assert.equal(story.details("unread").at(-1), 3);
});

test("an inbox that can't be read keeps the old offset and is tried again", async () => {
  let isAway = false;
  const loadInbox = async () => {
    if (isAway) throw new Error("away");
    return { unread_count: 0, results: [] };
  };
  const story = await startLive({ loadInbox });
  isAway = true;
  story.socket.drop();
  await pause();
  story.socket.accept();

  story.socket.receive("sync", { recovered: false, offset: "8-0", unread_count: 4 });
  await settle();
  assert.equal(story.state(), "offline");
  await pause();

  assert.equal(story.socket.greetings.at(-1).last_offset, "1-0");
});

test("a covered gap needs no inbox", async () => {
  const story = await startLive();
  story.socket.drop();
  await pause();
  story.socket.accept();
  story.socket.receive("following notify", notification(6, "3-0"));

  story.socket.receive("sync", { recovered: true, offset: "3-0", unread_count: 1 });
  await settle();

  assert.equal(story.inboxReads, 1);
  assert.equal(story.details("unread").at(-1), 1);
});

test("an unread count that no cache knows is read from the inbox", async () => {
  const story = await startLive();
  story.socket.drop();
  await pause();
  story.socket.accept();

  story.socket.receive("sync", { recovered: true, offset: "1-0", unread_count: null });
  await settle();

  assert.equal(story.details("unread").at(-1), 3);
});

test("a count that is pushed while the inbox is read stands", async () => {
  let answer;
  const { socket, details } = await start({ loadInbox: () => new Promise((resolve) => (answer = resolve)) });
  socket.accept();
  socket.receive("sync", { recovered: true, offset: "1-0", unread_count: 0 });

  socket.receive("unread", { count: 2 });
  answer({ unread_count: 1, results: [] });
  await settle();

  assert.equal(details("unread").at(-1), 2);
});

for (const refusal of ["token_expired", "token_invalid", "token_revoked"]) {
  test(`${refusal}: the token is refreshed, and the connect repeated at once`, async () => {
    const story = await start();

    story.socket.refuse(refusal);
    await settle();

    assert.equal(story.refreshes, 1);
    assert.deepEqual(story.socket.greetings.at(-1), { token: "new" });
  });

  test(`${refusal}: a fresh token that is refused as well is not refreshed again at once, and nobody is logged out`, async () => {
    const story = await start();
    story.socket.refuse(refusal);
    await settle();

    story.socket.refuse(refusal);
    await settle();

    assert.equal(story.refreshes, 1);
    assert.equal(story.state(), "offline");
  });

  test(`${refusal}: a session that the API does not refresh is over`, async () => {
    const { socket, state } = await start({ getToken: async ({ refresh }) => (refresh ? null : "old") });

    socket.refuse(refusal);
    await settle();
    await pause();

    assert.equal(state(), "logged-out");
    assert.equal(socket.greetings.length, 1);
  });
}

test("the socket connects while the token is on its way, and greets when it has it", async () => {
  let bring;
  const { socket } = await start({ getToken: () => new Promise((resolve) => (bring = resolve)) });
  assert.equal(socket.connects, 1);
  assert.deepEqual(socket.greetings, []);

  bring("old");
  await settle();

  assert.deepEqual(socket.greetings, [{ token: "old" }]);
});

test("a token that comes after its connection has failed greets nobody", async () => {
  const bring = [];
  const { socket } = await start({ getToken: () => new Promise((resolve) => bring.push(resolve)) });
  socket.refuse("websocket error");
  await pause();
  assert.equal(bring.length, 2);

  bring[0]("old");
  await settle();
  assert.deepEqual(socket.greetings, []);
  bring[1]("new");
  await settle();

  assert.deepEqual(socket.greetings, [{ token: "new" }]);
});

test("a session that is over ends, although the server can't be reached", async () => {
  let bring;
  const { socket, state } = await start({ getToken: () => new Promise((resolve) => (bring = resolve)) });
  socket.refuse("websocket error");

  bring(null);
  await settle();

  assert.equal(state(), "logged-out");
});

test("a token about to expire is replaced on the open socket", async () => {
  const { socket } = await startLive();

  socket.receive("token_expiring");
  await settle();

  assert.deepEqual(socket.emitted, [["refresh", { token: "new" }]]);
  assert.equal(socket.greetings.length, 1);
});

test("a server that disconnects its client is connected to again", async () => {
  const { socket } = await startLive();

  socket.drop("io server disconnect");
  await pause();

  assert.equal(socket.greetings.length, 2);
});

test("a server that says nothing after the connect is given up", async () => {
  const { socket, state } = await start();
  socket.accept();

  await pause();

  assert.equal(state(), "offline");
  assert.equal(socket.connected, false);
});

test("a stopped client stays closed", async () => {
  const { client, socket } = await startLive();

  client.stop();
  await pause();

  assert.equal(socket.connected, false);
  assert.equal(socket.greetings.length, 1);
});
