/** The package `toutiao-push`: live notifications in a browser. README.md describes it. */

import { io } from "socket.io-client";

import { Push } from "./push.js";

export { httpInbox } from "./inbox-api.js";
export { ApiError, Unreachable } from "./live/http.js";
export { InboxStore } from "./store/inbox-store.js";
export { Push } from "./push.js";

/** Create the live notifications of one user; call `start()` on them. README.md lists the options. */
export function createPush(options) {
  return new Push({ io, ...options });
}
