/** usePush in React, without a browser. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { createElement, StrictMode } from "react";
import { act, create } from "react-test-renderer";

import { PushProvider, usePush } from "../src/react.js";
import { InboxStore } from "../src/store/inbox-store.js";
import { notification, settle } from "./fakes/fakes.js";
import { entries, FakeInbox } from "./fakes/inbox.js";

const FRAME_MS = 20; // listeners are told of what is pushed within a frame

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

class FakePush {
  inbox = new InboxStore(new FakeInbox(entries(2)));
  running = 0;
  start = () => ((this.running += 1), this.inbox.load());
  stop = () => (this.running -= 1);
}

test("a component shows the inbox, and what comes; the connection lives as long as the provider", async (t) => {
  t.mock.method(console, "error", () => {}); // the renderer says of itself that it is deprecated
  const push = new FakePush();
  const seen = [];
  function Bell() {
    const { unread, items, markRead } = usePush();
    seen.push({ unread, count: items.length, markRead });
    return null;
  }
  let root;
  const tree = createElement(StrictMode, null, createElement(PushProvider, { push }, createElement(Bell)));

  await act(async () => {
    root = create(tree);
    await settle();
  });
  assert.deepEqual([push.running, seen.at(-1).unread, seen.at(-1).count], [1, 2, 2]);
  await act(async () => {
    push.inbox.add(notification(3, "1-0"));
    await sleep(FRAME_MS);
  });
  assert.equal(seen.at(-1).count, 3);
  await act(async () => seen.at(-1).markRead([1]));
  assert.equal(seen.at(-1).unread, 1);
  await act(async () => root.unmount());

  assert.equal(push.running, 0);
});
