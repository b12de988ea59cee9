/** What the bell shows of texts that others wrote. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { linkOf, textOf } from "../src/bell/texts.js";

const HERE = "https://host.example/page";

test("a link leads to a page, relative or absolute", () => {
  assert.equal(linkOf({ url: "/articles/5" }, HERE), "https://host.example/articles/5");
  assert.equal(linkOf({ url: "http://other.example/" }, HERE), "http://other.example/");
});

test("nothing else is a link", () => {
  const script = "javascript" + ":alert(1)";
  for (const url of [script, ` ${script}`, "data:text/html,x", "vbscript:x", "file:///etc", "http://", "", null, undefined, 5]) {
    assert.equal(linkOf({ url }, HERE), null, String(url));
  }
});

test("the text is the server's, or else who did what", () => {
  assert.equal(textOf({ text: "Ann follows you", event: "x", data: {} }), "Ann follows you");
  assert.equal(textOf({ event: "liking notify", data: { user_name: "Ann" } }), "Ann: liking notify");
  assert.equal(textOf({ event: "liking notify" }), "liking notify");
});

test("controls of the text direction are removed", () => {
  assert.equal(textOf({ text: "evil\u202egpj.\u2066x\u2069\u200f" }), "evilgpj.x");
});
