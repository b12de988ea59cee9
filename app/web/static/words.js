/** The page's own words, in its language. The server writes them into the page. */

const WORDS = JSON.parse(document.body.dataset.words);
const PLACEHOLDER = /\{(\w+)\}/g;
const YEAR_SECONDS = 31_536_000;

export const LANGUAGE = document.documentElement.lang;

const plurals = new Intl.PluralRules(LANGUAGE);
const numbers = new Intl.NumberFormat(LANGUAGE);

/** Return a text. `values` are for its placeholders; `count` chooses the plural form. */
export function word(name, values = {}) {
  const found = WORDS[name];
  const text = typeof found === "string" ? found : (found[plurals.select(values.count)] ?? found.other);
  return text.replace(PLACEHOLDER, (_, key) => (typeof values[key] === "number" ? numbers.format(values[key]) : values[key]));
}

/** Return a text if there is one of this name, or else undefined. */
export function optionalWord(name) {
  return Object.hasOwn(WORDS, name) ? word(name) : undefined;
}

/** Return what to tell the reader of an error. The API speaks English, so it knows better what was wrong. */
export function explain(error) {
  if (error.isTransient && error.status === undefined) return word("error_unreachable");
  if (LANGUAGE === "en" || error.status === undefined) return error.message;
  const name = `error_${error.status}`;
  return word(Object.hasOwn(WORDS, name) ? name : "error_other", { status: String(error.status), seconds: error.retryAfter ?? "…" });
}

/** Return what to tell the reader of a field that the API refused. */
export function explainField(messages, field) {
  const said = [messages].flat().filter(Boolean).join(" ");
  return said === "" || LANGUAGE === "en" ? said : (optionalWord(`field_${field}`) ?? word("error_422"));
}

/** Show the page in another language, from now on. */
export function switchLanguage(language) {
  document.cookie = `language=${language}; path=/; max-age=${YEAR_SECONDS}; SameSite=Lax`;
  location.reload();
}
