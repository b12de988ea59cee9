import type { GetToken, Item, Push } from "./index.js";

export interface BellLabels {
  title: string;
  unread: (count: number) => string;
  unseen: (count: number) => string;
  somebody: string;
  empty: string;
  emptyHint: string;
  newOnes: (count: number) => string;
  /** What the button says that shows them, to those who hear it. It contains `newOnes`. */
  showNew: (count: number) => string;
  unreadOne: string;
  markRead: string;
  markUnread: string;
  markAllRead: string;
  show: string;
  tabs: Record<"all" | "unread" | "archived", string>;
  emptyIn: Record<"unread" | "archived", string>;
  archive: string;
  unarchive: string;
  archived: string;
  unarchived: string;
  allRead: string;
  undo: string;
  shortcuts: string;
  /** What each key does. */
  keys: Record<string, string>;
  moreActions: string;
  mute: string;
  muted: (name: string) => string;
  settings: string;
  requests: (count: number) => string;
  refresh: string;
  close: string;
  more: string;
  failed: string;
  offline: string;
  loggedOut: string;
}

/** What else can be done with a notification: a button of its row, before those of the list. */
export interface Action {
  /** Another one for each action. */
  name: string;
  /** A path of 24 by 24, drawn as a line. */
  icon: string;
  label: (item: Item) => string;
  /** Without it, it is shown for each notification. */
  isShown?: (item: Item) => boolean;
  act: (item: Item) => void;
  /** Called once, with what draws the buttons again when `label` or `isShown` have changed. Returns what ends that. */
  subscribe?: (draw: () => void) => () => void;
}

/** How notifications are shown. */
export interface BellView {
  language?: string;
  /** What each event declares: "{user_name} likes {art_title}", "/articles/{art_id}". Each value is set apart by it. */
  templates?: Record<string, { text?: string; link?: string | null }>;
  /** A picture for each event: a path of 24 by 24, drawn as a line. */
  icons?: Record<string, string>;
  photoOf?: (photo: string | null | undefined) => string | null;
  actions?: Action[];
  /** Where the settings are. Without it, there is no button for them; the attribute `settings-url` gives it too. */
  settingsUrl?: string;
  /** Where the reader answers what strangers did. With it, a line says how many there are. */
  requestsUrl?: string;
  /** Called when a notification is used. Without it, it is marked as read. */
  open?: (item: Item) => void;
}

/** <push-bell src socket-url token-url settings-url> */
export class PushBell extends HTMLElement {
  get push(): Push | null;
  set push(push: Push);
  set getToken(getToken: GetToken);
  set labels(labels: Partial<BellLabels>);
  set view(view: BellView);
}

declare global {
  interface HTMLElementTagNameMap {
    "push-bell": PushBell;
  }
}
