/** Times and days, in the reader's language. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { dayKey, Times } from "../src/list/times.js";

const NOW = new Date(2026, 4, 20, 12, 0).getTime();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const before = (ms) => new Date(NOW - ms);

function timesOf(t, language) {
  t.mock.timers.enable({ apis: ["Date"], now: NOW });
  return new Times(language);
}

test("a time is short to the eye, and whole to the ear", (t) => {
  const times = timesOf(t, "en");

  assert.deepEqual([times.ago(before(0)), times.ago(before(5 * MINUTE)), times.ago(before(3 * DAY))], ["now", "5m", "3d"]);
  assert.equal(times.inWords(before(5 * MINUTE)), "5 minutes ago");
  assert.equal(times.ago(before(20 * DAY)), "Apr 30");
  assert.match(times.ago(before(400 * DAY)), /2025/);
});

test("a clock that is a little ahead makes no time in the future", (t) => {
  assert.equal(timesOf(t, "en").ago(before(-5000)), "now");
});

test("days have the names that people use", (t) => {
  const times = timesOf(t, "en");
  assert.deepEqual([times.day(before(0)), times.day(before(DAY))], ["today", "yesterday"]);
  assert.equal(times.day(before(3 * DAY)), "Sunday, May 17");
});

test("Chinese has its own", (t) => {
  const times = timesOf(t, "zh");

  assert.deepEqual([times.ago(before(5 * MINUTE)), times.day(before(DAY))], ["5分钟", "昨天"]);
});

test("a day is that of the reader's own zone", () => {
  assert.equal(dayKey(new Date(2026, 4, 20, 0, 1)), dayKey(new Date(2026, 4, 20, 23, 59)));
  assert.notEqual(dayKey(new Date(2026, 4, 20, 0, 1)), dayKey(new Date(2026, 4, 19, 23, 59)));
});
