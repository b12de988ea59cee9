/** What a choice of the reader changes: what the server is sent, and what is shown until it has answered. */

export const CHANNELS = ["in_app", "toast", "web_push"];

/** Return {patch, apply} for one event. `apply` returns the preferences with the change in them. */
export function chooseEvent(event, channel, isOn) {
  const patch = { events: { [event]: { [channel]: isOn } } };
  return { patch, apply: (told) => withEvents(told, [event], channel, isOn) };
}

/** The same for a whole category. What was chosen for its events alone does not count any more. */
export function chooseCategory(told, category, channel, isOn) {
  const events = optionalOf(told, category);
  const patch = {
    categories: { [category]: { [channel]: isOn } },
    events: Object.fromEntries(events.map((event) => [event, { [channel]: null }])),
  };
  return { patch, apply: (now) => withEvents(now, events, channel, isOn) };
}

/** Return true or false, or null where the events of a category differ. */
export function stateOf(told, category, channel) {
  const states = new Set(optionalOf(told, category).map((event) => told.events[event][channel]));
  return states.size === 1 ? [...states][0] : null;
}

/** Return the events by category: [[category, [event, ...]], ...]. */
export function categoriesOf(told) {
  const names = Object.keys(told.categories);
  return names.map((category) => [category, Object.keys(told.events).filter((event) => told.events[event].category === category)]);
}

/** Return the preferences without somebody who is muted or accepted, which `field` says. */
export function withoutPerson(told, field, id) {
  return { ...told, [field]: told[field].filter((other) => other !== id) };
}

/** Return the people who are muted or accepted: {id, name, photo}, with an empty name where nothing is known of somebody. */
export function peopleOf(told, field) {
  const people = new Map(told.people.map((person) => [person.id, person]));
  return told[field].map((id) => people.get(id) ?? { id, name: "", photo: null });
}

/** Return the names of the words for what is wrong with the fields, or null where none is known. */
export function wrongOf(errors) {
  const { quiet_hours: quiet = {} } = errors;
  if (Array.isArray(quiet)) return "wrong_quiet_hours";
  if (quiet.zone) return "wrong_zone";
  if (quiet.from || quiet.to) return "wrong_time";
  if (errors.strangers) return "wrong_strangers";
  return errors.events || errors.categories ? "wrong_required" : null;
}

function optionalOf(told, category) {
  return Object.keys(told.events).filter((event) => told.events[event].category === category && !told.events[event].required);
}

function withEvents(told, names, channel, isOn) {
  const changed = names.map((event) => [event, { ...told.events[event], [channel]: isOn }]);
  return { ...told, events: { ...told.events, ...Object.fromEntries(changed) } };
}
