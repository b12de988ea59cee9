/** What createPush returns: the live connection and the inbox together. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Push } from "../src/push.js";
import { keepToken, userIdOf } from "../src/tokens.js";
import { FakeSocket, FakeStorage, notification, settle } from "./fakes/fakes.js";
import { entries, FakeInbox } from "./fakes/inbox.js";

const tokenOf = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;

let pushes = [];

async function start({ found = [], token = tokenOf({ user_id: 7 }), ...options } = {}) {
  const story = { inbox: new FakeInbox(found), token, asked: [] };
  const push = new Push({
    io: (_url, { auth }) => (story.socket = new FakeSocket(auth)),
    url: "http://im.example",
    inbox: story.inbox,
    storage: new FakeStorage(),
    tabs: {},
    getToken: async ({ refresh }) => {
      story.asked.push(refresh);
      return story.token;
    },
    ...options,
  });
  pushes.push(push);
  push.start();
  await settle();
  return Object.assign(story, { push, shown: () => push.inbox.getSnapshot() });
}

async function goLive({ socket }, { unread = 0 } = {}) {
  socket.accept();
  socket.receive("sync", { recovered: true, offset: "1-0", unread_count: unread });
  await settle();
}

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => {
  pushes.forEach((push) => push.stop());
  pushes = [];
  mock.timers.reset();
});

test("the inbox shows what is there, what comes, and the state of the connection", async () => {
  const story = await start({ found: entries(1) });
  await goLive(story);
  const heard = [];
  story.push.on("notification", ({ id }) => heard.push(id));

  story.socket.receive("following notify", notification(5, "2-0"));
  story.socket.receive("unread", { count: 2 });
  await settle();

  assert.deepEqual(heard, [5]);
  assert.deepEqual(story.shown().items.map(({ id }) => id), [5, 1]);
  assert.deepEqual([story.shown().unread, story.shown().connection], [2, "live"]);
  story.socket.receive("withdrawn", { ids: [5] });
  assert.deepEqual(story.shown().items.map(({ id }) => id), [1]);
});

test("while no connection can be had, the inbox is read now and then", async () => {
  const story = await start();
  story.socket.refuse("xhr poll error");
  await settle();
  story.inbox.entries = entries(2);
  assert.equal(story.shown().connection, "offline");

  for (let seconds = 0; seconds < 5; seconds++) {
    mock.timers.tick(1000);
    await settle();
  }

  assert.equal(story.shown().items.length, 2);
  const reads = story.inbox.calls.length;
  await goLive(story, { unread: 2 });
  const readsOfTheConnect = story.inbox.calls.length;
  for (let seconds = 0; seconds < 120; seconds++) {
    mock.timers.tick(1000);
    await settle();
  }
  assert.ok(reads <= 4);
  assert.equal(story.inbox.calls.length, readsOfTheConnect);
});

test("a token is asked for once, and again when it is refused", async () => {
  const story = await start();
  await goLive(story);
  assert.deepEqual(story.asked, [false]);

  story.socket.drop();
  mock.timers.tick(20_000);
  await settle();
  story.socket.refuse("token_expired");
  await settle();

  assert.deepEqual(story.asked, [false, true]);
});

test("without a token nobody is logged in", async () => {
  const { shown, socket } = await start({ token: null });

  assert.equal(shown().connection, "logged-out");
  assert.equal(socket, undefined);
});

test("it can be stopped and started again", async () => {
  const story = await start();
  await goLive(story);
  const first = story.socket;

  story.push.stop();
  assert.equal(story.shown().connection, "closed");
  story.push.start();
  await settle();

  assert.equal(first.connected, false);
  assert.notEqual(story.socket, first);
  assert.equal(story.socket.greetings.at(-1).last_offset, "1-0");
});

test("what is missing among the options is named", () => {
  assert.throws(() => new Push({ url: "/", baseUrl: "/v1_0" }), /getToken/);
  assert.throws(() => new Push({ url: "/", getToken: () => null }), /baseUrl/);
});

test("the user's id is found in a token of any host", () => {
  assert.equal(userIdOf(tokenOf({ user_id: 7, sub: "no" })), "7");
  assert.equal(userIdOf(tokenOf({ sub: "üser-1" })), "üser-1");
  for (const bad of ["", "opaque", "a.b.c", tokenOf({}), tokenOf(null)]) assert.equal(userIdOf(bad), null);
});

test("callers at once share one request for a token, and a failure is not kept", async () => {
  let calls = 0;
  const getToken = keepToken(async () => {
    calls += 1;
    if (calls === 1) throw new Error("away");
    return "token";
  });
  await assert.rejects(getToken(), /away/);

  assert.deepEqual(await Promise.all([getToken(), getToken()]), ["token", "token"]);
  assert.equal(calls, 2);
});
