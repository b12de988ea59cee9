/** Chooses the words of a language. */

import { EN } from "./en.js";
import { ZH } from "./zh.js";

const WORDS = { en: EN, zh: ZH };

/** Return the first of these languages that there are words for, without its region; else English. */
export function chooseLanguage(languages) {
  const bases = languages.map((language) => language.toLowerCase().split("-")[0]);
  return bases.find((language) => Object.hasOwn(WORDS, language)) ?? "en";
}

export function wordsOf(language) {
  return WORDS[chooseLanguage([language])];
}
