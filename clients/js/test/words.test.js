/** The words of the list, in each language. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { EN } from "../src/words/en.js";
import { chooseLanguage, wordsOf } from "../src/words/words.js";
import { ZH } from "../src/words/zh.js";

test("each language has the same words, none of them empty", () => {
  assert.deepEqual(Object.keys(ZH), Object.keys(EN));
  for (const words of [EN, ZH]) {
    for (const word of Object.values(words)) assert.ok(typeof word === "function" ? word(2) : word);
  }
});

test("what the button for new ones says is also what it is called", () => {
  for (const words of [EN, ZH]) assert.ok(words.showNew(3).includes(words.newOnes(3)));
});

test("the first language that there are words for is chosen, else English", () => {
  assert.equal(chooseLanguage(["fr", "zh-Hant-TW", "en"]), "zh");
  assert.equal(chooseLanguage(["toString", ""]), "en");
  assert.equal(wordsOf("zh-CN"), ZH);
});
