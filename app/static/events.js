/** The events that users are told of. Each stands in app/events.py as well. */

/** What the page says of each, after the name of who did it. */
const TEXTS = {
  "following notify": () => "follows you now",
};

export const NOTIFICATIONS = Object.keys(TEXTS);

/** Say what somebody did. What a newer server tells of has no text here yet, and goes by its name. */
export function describe(event, data) {
  return TEXTS[event]?.(data) ?? event;
}
