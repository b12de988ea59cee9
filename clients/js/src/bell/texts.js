/** What the bell shows of a notification. All of it was written by others: it is shown as text, and links are checked. */

// They would change the direction of the text around them, or hide a part of it.
const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export const LABELS = {
  title: "Notifications",
  unread: (count) => (count >= 1000 ? "1,000 or more unread" : `${count} unread`),
  empty: "Nothing yet.",
  markRead: "Mark read",
  markAllRead: "Mark all read",
  more: "Show older",
  failed: "The notifications can't be read. Trying again …",
  offline: "No live connection. Trying again …",
  loggedOut: "You have been logged out.",
};

/** Return the text of an item: the server's own, or else who did what. */
export function textOf({ text, event, data }) {
  return String(text ?? [data?.user_name, event].filter(Boolean).join(": ")).replace(BIDI_CONTROLS, "");
}

/** Return the address that a link may lead to, or null: only a page, never a script. */
export function linkOf({ url }, base) {
  if (typeof url !== "string" || url === "") return null;
  try {
    const link = new URL(url, base);
    return ["http:", "https:"].includes(link.protocol) ? link.href : null;
  } catch {
    return null;
  }
}
