/** What the page says of a notification. The server writes the declared texts of all events into the page. */

const TEXTS = JSON.parse(document.body.dataset.texts);
const LEADING_NAME = /^\{user_name\} */;
const PLACEHOLDER = /\{(\w+)\}/g;

/**
 * Return the text for an event. The page shows the actor's name before it, so a text that begins with the name begins
 * with the next word. An event that this page does not know has no text here, so return its name.
 */
export function describe(event, data) {
  if (!Object.hasOwn(TEXTS, event)) return event;
  return TEXTS[event].replace(LEADING_NAME, "").replace(PLACEHOLDER, (_, name) => written(data[name]));
}

/** Data that could not be read is missing. */
function written(value) {
  return ["string", "number"].includes(typeof value) ? String(value) : "…";
}
