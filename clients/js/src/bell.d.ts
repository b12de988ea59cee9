import type { GetToken, Push } from "./index.js";

export interface BellLabels {
  title: string;
  unread: (count: number) => string;
  empty: string;
  markRead: string;
  markAllRead: string;
  more: string;
  failed: string;
  offline: string;
  loggedOut: string;
}

/** <push-bell src socket-url token-url> */
export class PushBell extends HTMLElement {
  get push(): Push | null;
  set push(push: Push);
  set getToken(getToken: GetToken);
  set labels(labels: Partial<BellLabels>);
}

declare global {
  interface HTMLElementTagNameMap {
    "push-bell": PushBell;
  }
}
