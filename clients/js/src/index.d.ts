import type { Events } from "./events.js";

/** A token of the user, or null if nobody is logged in any more. */
export type GetToken = (options: { refresh: boolean }) => Promise<string | null> | string | null;

/** "closed" only before `start` and after `stop`. */
export type Connection = "closed" | "connecting" | "catching-up" | "live" | "offline" | "logged-out";

/** Of the news app these are numbers; another host's may be text. */
export type UserId = number | string;

export interface Item<Data = Record<string, unknown>> {
  id: number;
  event: string;
  data: Data;
  /** Unix seconds */
  created_at: number;
  read: boolean;
  /** Only the inbox has it, a push does not. */
  text?: string;
  url?: string | null;
  category?: string;
  /** Unix seconds, or null. Of a server that knows states. */
  seen_at?: number | null;
  read_at?: number | null;
  archived_at?: number | null;
  /** What a group has in common; null if it is in no group. */
  group?: string | null;
  /** The id of the group's first notification. */
  group_id?: number | null;
  /** How many notifications the group has, and of how many people; 1000 means "1,000 or more". */
  count?: number;
  actor_count?: number;
  /** The newest three people, newest first. */
  actors?: { id: UserId; name: string; photo: string }[];
}

/** What is changed: each true, or false to take it back. */
export interface Change {
  seen?: boolean;
  read?: boolean;
  archived?: boolean;
}

export type State = "all" | "unread" | "archived";

/** How many there are of each state; `requests` are what strangers did, of a server that knows them. */
export type StateCounts = Record<State, number> & { requests?: number };

export interface Counts {
  unread_count: number;
  unseen_count?: number;
}

export interface Page extends Counts {
  results: Item[];
}

/** At most 1,000 ids. */
type Which = { ids: number[] } | { filter: { state?: State; up_to?: number } };

export interface InboxApi {
  /** With `groups`, of each group only the newest. */
  list(options: { limit: number; before?: number; state?: State; groups?: true }): Promise<Page>;
  markRead(which: { ids: number[] } | { up_to: number }): Promise<Counts>;
  /** Of a server that knows states. With `groups`, what is gathered under the ids is marked too. With `with_ids` it answers with the ids that changed, null where they are too many. */
  markState?(mark: Change & Which & { with_ids?: boolean; groups?: true }): Promise<Counts & { ids?: number[] | null }>;
  counts?(): Promise<StateCounts>;
  /** Of a server with preferences. */
  mute?(userId: UserId): Promise<unknown>;
  unmute?(userId: UserId): Promise<unknown>;
}

export interface Snapshot {
  readonly connection: Connection;
  readonly status: "idle" | "loading" | "ready" | "failed";
  readonly items: readonly Item[];
  /** 1000 means "1,000 or more". */
  readonly unread: number;
  /** What nobody has seen yet. */
  readonly unseen: number;
  readonly counts: Readonly<StateCounts> | null;
  /** Whether the server knows more than read: seen and archived. */
  readonly hasStates: boolean;
  /** Whether one item stands for all of a group. */
  readonly hasGroups?: boolean;
  /** States may have changed unnoticed: call load if you show them. */
  readonly isStale: boolean;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly error: Error | null;
}

/** Ids, or items: then what stands by now for the group of each is marked as a whole. */
type Marked = Iterable<number | { id: number; group_id?: number | null }>;

export class InboxStore {
  /** With `groups`, one item stands for all of a group. */
  constructor(api: InboxApi, options?: { groups?: boolean });
  subscribe: (listener: () => void) => () => void;
  getSnapshot: () => Snapshot;
  load: () => Promise<void>;
  loadMore: () => Promise<void>;
  /** As change. */
  markRead: (which: Marked) => Promise<number[] | null>;
  /** Resolves to the ids of those that were unread, null where they are too many. Give them to `change` to undo it. */
  markAllRead: () => Promise<number[] | null>;
  /**
   * Resolves to the ids of all that changed, null where they are too many. To undo it, give them back with `withGroups:
   * false`. Rejects if the server did not do it; then it is taken back.
   */
  change: (which: Marked, change: Omit<Change, "seen">, options?: { withGroups?: boolean }) => Promise<number[] | null>;
  markSeen: () => Promise<void>;
  /** Whether the server lets users mute people. */
  readonly canMute: boolean;
  /** Rejects if the server did not do it. */
  setMuted: (userId: UserId, isMuted: boolean) => Promise<void>;
  inState: (state: State) => Pick<InboxStore, "getSnapshot" | "load" | "loadMore">;
}

interface Envelope {
  id: number;
  offset?: string;
  user_id: UserId | null;
  user_name: string;
  user_photo: string | null;
  /** Unix seconds */
  timestamp: number;
  /** There only where its user wants no toast: it is quiet now, or toasts of this event are off. */
  silent?: true;
  /** With `groups`, of what is in a group: see Item. */
  group?: string;
  group_id?: number;
  count?: number;
  actor_count?: number;
  actors?: { id: UserId; name: string; photo: string }[];
}

/** A live notification: the declared events by their names, and those that this client does not know. */
export type Notification =
  | { [Name in keyof Events]: Envelope & Events[Name] & { event: Name } }[keyof Events]
  | (Envelope & { event: string; [field: string]: unknown });

export interface PushEvents {
  notification: Notification;
  unread: number;
  /** null: the server does not know it now. */
  unseen: number | null;
  inbox: Page;
  withdrawn: number[];
  event: { event: string; data: unknown };
  state: Connection;
}

interface Common {
  /** The address of the IM servers. */
  url: string;
  getToken: GetToken;
  /** Without it, the claim `user_id` or `sub` of the token. */
  userId?: UserId;
  /** The language of the texts, if it is not the browser's. */
  language?: string;
  /** Whether one item stands for all that the server has gathered in a group. */
  groups?: boolean;
}

/** `baseUrl` is the address of the API, such as "https://push.example/v1_0". */
export type PushOptions = Common & ({ baseUrl: string; inbox?: undefined } | { inbox: InboxApi; baseUrl?: undefined });

export class Push extends EventTarget {
  private constructor();
  readonly inbox: InboxStore;
  start(): void;
  stop(): void;
  on<Type extends keyof PushEvents>(type: Type, listener: (detail: PushEvents[Type]) => void): () => void;
}

export function createPush(options: PushOptions): Push;
export function httpInbox(options: { baseUrl: string; getToken: GetToken; language?: string }): InboxApi;

/** The API answered with an error. */
export class ApiError extends Error {
  status: number;
  errors: Record<string, unknown>;
  isTransient: boolean;
  /** Seconds. */
  retryAfter?: string | null;
}

/** There was no answer. */
export class Unreachable extends Error {
  isTransient: true;
}
