/** What is shown of a notification. All of it was written by others: it is shown as text, and links are checked. */

import { element, plain, written } from "./elements.js";

const LARGEST_COUNT = 1000; // which means "1,000 or more"
const MANY = "999+";
const PLACEHOLDER = /\{(\w+)\}/;
const PLACEHOLDERS = /\{(\w+)\}/g;

/**
 * Return the text of a notification in parts: {name} is the actor's name, {value} other data, and {words} the rest.
 * `templates` are what is declared by event, {text, group_text, link} in `language`, if the page has it. Otherwise it is
 * the server's text, or at least the name of the event.
 */
export function describe({ event, data = {}, text, actor_count: people = 1 }, { templates = {}, language, somebody }) {
  const name = plain(data.user_name ?? "") || somebody;
  const { group_text: ofGroup, text: template } = templateOf(event, templates);
  if (people > 1 && ofGroup) return fill(ofNumber(ofGroup, people - 1, language), name, { ...data, ...numbers(people) });
  if (template) return fill(template, name, data);
  if (!hasActor({ data })) return [{ words: plain(text ?? event) }];
  if (text === undefined) return [{ name }, { words: ` ${plain(event)}` }];
  const [before, ...rest] = plain(text).split(name);
  if (rest.length === 0) return [{ words: before }];
  return [{ words: before }, { name }, { words: rest.join(name) }].filter(({ words }) => words !== "");
}

/** Say whether a person did it: some events only tell what happened. */
export function hasActor({ data }) {
  return data?.user_name !== undefined;
}

/** A text of a group has one template, or one for each plural category of how many others there are. */
function ofNumber(template, others, language) {
  if (typeof template === "string") return template;
  return template[new Intl.PluralRules(language).select(others)] ?? template.other;
}

function numbers(people) {
  const isMany = people >= LARGEST_COUNT;
  return { others: isMany ? MANY : people - 1, count: isMany ? MANY : people };
}

export function asText(parts) {
  return parts.map(({ name, value, words }) => name ?? value ?? words).join("");
}

/** A name in another direction must not change the order of what stands beside it. */
export function asElements(parts) {
  return parts.map(({ name, value, words }) => {
    if (name !== undefined) return element("strong", {}, written(name));
    return value === undefined ? element("span", { textContent: words }) : written(value);
  });
}

/** Return the address that a link may lead to, or null: only a page, never a script. A push has no `url` of its own. */
export function linkOf({ event, data = {}, url }, base, templates = {}) {
  url ??= fillLink(templateOf(event, templates).link, data);
  if (typeof url !== "string" || url === "") return null;
  try {
    const link = new URL(url, base);
    return ["http:", "https:"].includes(link.protocol) ? link.href : null;
  } catch {
    return null;
  }
}

function templateOf(event, templates) {
  return Object.hasOwn(templates, event) ? templates[event] : {};
}

/** Each value is quoted. Where one is missing, there is no link. */
function fillLink(template, data) {
  const names = [...(template ?? "").matchAll(PLACEHOLDERS)].map(([, name]) => name);
  if (!template || names.some((name) => (data[name] ?? null) === null)) return null;
  return template.replace(PLACEHOLDERS, (_, name) => encodeURIComponent(valueOf(data[name])));
}

function fill(template, name, data) {
  const parts = template.split(PLACEHOLDER); // text and placeholders by turns
  return parts.flatMap((part, place) => {
    if (place % 2 === 0) return part === "" ? [] : [{ words: part }];
    return part === "user_name" ? [{ name }] : [{ value: valueOf(data[part]) }];
  });
}

/** Data that could not be read is missing. */
function valueOf(value) {
  return ["string", "number"].includes(typeof value) ? plain(value) : "…";
}
