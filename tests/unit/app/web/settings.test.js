/** What is chosen on the settings page, without a page. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { categoriesOf, chooseCategory, chooseEvent, peopleOf, stateOf, withoutPerson, wrongOf } from "../../../../app/web/static/settings/choices.js";
import { Preferences } from "../../../../app/web/static/settings/preferences.js";

const ON = { in_app: true, toast: true, web_push: true, required: false };
const event = (category, more = {}) => ({ ...ON, category, text: "…", ...more });

const told = () => ({
  categories: { articles: ON, safety: { ...ON, required: true } },
  events: { like: event("articles"), comment: event("articles"), alarm: event("safety", { required: true }) },
  muted: [2, "x"],
  people: [{ id: 2, name: "Ann", photo: null }],
});

test("a choice for one event changes that event, here and on the server", () => {
  const { patch, apply } = chooseEvent("like", "toast", false);

  assert.deepEqual(patch, { events: { like: { toast: false } } });
  const after = apply(told());
  assert.deepEqual([after.events.like.toast, after.events.comment.toast], [false, true]);
  assert.equal(stateOf(after, "articles", "toast"), null);
});

test("a choice for a category takes back those for its events", () => {
  const before = chooseEvent("like", "toast", false).apply(told());

  const { patch, apply } = chooseCategory(before, "articles", "toast", true);

  assert.deepEqual(patch, { categories: { articles: { toast: true } }, events: { like: { toast: null }, comment: { toast: null } } });
  assert.equal(stateOf(apply(before), "articles", "toast"), true);
});

test("what is required is no part of the choice for a category", () => {
  const mixed = told();
  mixed.events.alarm.category = "articles";

  const { patch, apply } = chooseCategory(mixed, "articles", "in_app", false);

  assert.deepEqual(Object.keys(patch.events), ["like", "comment"]);
  assert.equal(apply(mixed).events.alarm.in_app, true);
  assert.equal(stateOf(apply(mixed), "articles", "in_app"), false);
});

test("events stand with their category", () => {
  assert.deepEqual(categoriesOf(told()), [["articles", ["like", "comment"]], ["safety", ["alarm"]]]);
});

test("muted people of whom nothing is known are shown too", () => {
  assert.deepEqual(peopleOf(told(), "muted"), [
    { id: 2, name: "Ann", photo: null },
    { id: "x", name: "", photo: null },
  ]);
  assert.deepEqual(withoutPerson(told(), "muted", 2).muted, ["x"]);
});

test("each field that may be wrong has words", () => {
  assert.equal(wrongOf({ quiet_hours: ["Should end at another time."] }), "wrong_quiet_hours");
  assert.equal(wrongOf({ quiet_hours: { zone: ["?"] } }), "wrong_zone");
  assert.equal(wrongOf({ quiet_hours: { from: ["?"] } }), "wrong_time");
  assert.equal(wrongOf({ events: { like: { toast: ["?"] } } }), "wrong_required");
  assert.equal(wrongOf({ strangers: ["?"] }), "wrong_strangers");
  assert.equal(wrongOf({ preferences: ["?"] }), null);
});

/** Preferences with an `answer` that each call waits for. */
function started() {
  const shown = [];
  const preferences = new Preferences((now) => shown.push(now));
  preferences.take({ value: 0, log: [] });
  return { shown, preferences };
}

const setTo = (value) => (now) => ({ ...now, value });

test("a change shows at once, and the server's answer counts", async () => {
  const { shown, preferences } = started();

  const sent = preferences.change({ apply: setTo(1), send: async () => ({ value: 7 }) });

  assert.equal(shown.at(-1).value, 1);
  await sent;
  assert.equal(shown.at(-1).value, 7);
});

test("a change that fails is taken back, and a later one stays", async () => {
  const { shown, preferences } = started();
  const note = (name) => (now) => ({ ...now, log: [...now.log, name] });

  const first = preferences.change({
    apply: note("first"),
    send: async () => {
      throw new Error("away");
    },
  });
  const second = preferences.change({ apply: note("second"), send: async () => null });
  assert.deepEqual(shown.at(-1).log, ["first", "second"]);
  await assert.rejects(first, /away/);
  await second;

  assert.deepEqual(shown.at(-1).log, ["second"]);
});

test("changes are sent one after another", async () => {
  const { preferences } = started();
  const calls = [];
  let answer;
  const slow = new Promise((resolve) => (answer = resolve));

  const first = preferences.change({ apply: setTo(1), send: async () => (calls.push("first"), await slow) });
  const second = preferences.change({ apply: setTo(2), send: async () => (calls.push("second"), { value: 2 }) });
  await Promise.resolve();
  assert.deepEqual(calls, ["first"]);
  answer({ value: 1 });
  await Promise.all([first, second]);

  assert.deepEqual(calls, ["first", "second"]);
});
