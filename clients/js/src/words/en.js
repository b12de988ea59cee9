/** The words of the list and the bell, in English. */

const numbers = new Intl.NumberFormat("en");

export const EN = {
  title: "Notifications",
  unread: (count) => (count >= 1000 ? "1,000 or more unread" : `${numbers.format(count)} unread`),
  somebody: "Somebody",
  empty: "You are all caught up",
  emptyHint: "What happens shows here at once.",
  newOnes: (count) => `${numbers.format(count)} new`,
  showNew: (count) => `${numbers.format(count)} new: show`,
  unreadOne: "Unread",
  markRead: "Mark read",
  markAllRead: "Mark all read",
  refresh: "Refresh",
  close: "Close",
  more: "Show older",
  failed: "The notifications can't be read. Trying again …",
  offline: "No live connection. Trying again …",
  loggedOut: "You have been logged out.",
};
