/** What is shown of texts that others wrote. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { asText, describe, linkOf } from "../src/list/description.js";

const HERE = "https://host.example/page";
const WORDS = { somebody: "Somebody" };

const textOf = (item) => asText(describe({ data: {}, ...item }, WORDS));

test("a link leads to a page, relative or absolute", () => {
  assert.equal(linkOf({ url: "/articles/5" }, HERE), "https://host.example/articles/5");
  assert.equal(linkOf({ url: "http://other.example/" }, HERE), "http://other.example/");
});

test("a declared link is filled, each value quoted", () => {
  const templates = { "liking notify": { text: "x", link: "/articles/{art_id}" } };
  const link = (data) => linkOf({ event: "liking notify", data }, HERE, templates);

  assert.equal(link({ art_id: "5/../6?" }), "https://host.example/articles/5%2F..%2F6%3F");
  assert.equal(link({}), null);
  assert.equal(linkOf({ event: "constructor", data: {} }, HERE, templates), null);
});

test("nothing else is a link", () => {
  const script = "javascript" + ":alert(1)";
  for (const url of [script, ` ${script}`, "data:text/html,x", "vbscript:x", "file:///etc", "http://", "", null, undefined, 5]) {
    assert.equal(linkOf({ url }, HERE), null, String(url));
  }
});

test("the text is the server's, or else who did what", () => {
  assert.equal(textOf({ text: "Ann follows you", event: "x" }), "Ann follows you");
  assert.equal(textOf({ event: "liking notify", data: { user_name: "Ann" } }), "Ann liking notify");
  assert.equal(textOf({ event: "liking notify" }), "liking notify");
});

test("the name is set apart in the server's text", () => {
  const parts = describe({ event: "x", text: "New: Ann likes Ann", data: { user_name: "Ann" } }, WORDS);

  assert.deepEqual(parts, [{ words: "New: " }, { name: "Ann" }, { words: " likes Ann" }]);
});

test("a declared text is filled, and each value of others is set apart", () => {
  const templates = { "liking notify": { text: "{user_name} likes {art_title} ({count})" } };
  const data = { user_name: "Ann", art_title: "{user_name}" };

  const parts = describe({ event: "liking notify", data, text: "from the server" }, { ...WORDS, templates });

  assert.deepEqual(parts, [{ name: "Ann" }, { words: " likes " }, { value: "{user_name}" }, { words: " (" }, { value: "…" }, { words: ")" }]);
});

test("a group has the text of its number of people", () => {
  const forms = { one: "{user_name} and {others} other like {art_title}", other: "{user_name} and {others} others like {art_title}" };
  const templates = { "liking notify": { text: "{user_name} likes {art_title}", group_text: forms } };
  const data = { user_name: "Ann", art_title: "Rain" };
  const said = (people, language = "en") => asText(describe({ event: "liking notify", data, actor_count: people }, { ...WORDS, language, templates }));

  assert.equal(said(1), "Ann likes Rain");
  assert.equal(said(2), "Ann and 1 other like Rain");
  assert.equal(said(999), "Ann and 998 others like Rain");
  assert.equal(said(1000), "Ann and 999+ others like Rain");
  assert.equal(said(2, "zh"), "Ann and 1 others like Rain"); // which knows no `one`
});

test("a text of a group may be one for all numbers, and count all people", () => {
  const templates = { "following notify": { text: "x", group_text: "{user_name} 等 {count} 人关注了你" } };
  const said = (people) => asText(describe({ event: "following notify", data: { user_name: "Ann" }, actor_count: people }, { ...WORDS, language: "zh", templates }));

  assert.equal(said(5), "Ann 等 5 人关注了你");
  assert.equal(said(1000), "Ann 等 999+ 人关注了你");
});

test("without a declared text of the group it is the server's", () => {
  const item = { event: "liking notify", data: { user_name: "Ann" }, actor_count: 3, text: "Ann and 2 others like Rain" };
  assert.deepEqual(describe(item, WORDS), [{ name: "Ann" }, { words: " and 2 others like Rain" }]);
});

test("controls of the text direction are removed", () => {
  assert.equal(textOf({ text: "evil\u202egpj.\u2066x\u2069\u200f", event: "x" }), "evilgpj.x");
  assert.equal(textOf({ event: "x", data: { user_name: "\u202e" } }), "Somebody x");
});
