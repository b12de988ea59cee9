/** What the page does first: it connects the user who is logged in, while the rest of the page is on its way. */

import { Api } from "./api.js";
import { createPush } from "./live.js";

export const api = new Api();
/** Whether the session has ended since the page was opened, before the rest of it came. */
export let isOver = false;

const { number } = api.session;
const missed = []; // notifications that came before somebody listened
let started = null;

if (api.session.user) {
  api.addEventListener("logged-out", () => (isOver = true));
  api.session.addEventListener("changed", stop);
  started = createPush(api);
  started.on("notification", (notification) => started && missed.push(notification));
  started.start();
}

/**
 * Return a Push of the user who is logged in now; the first time, the one that was started for that user. It has dispatched
 * the notifications `missed` already.
 */
export function takePush() {
  const push = started;
  if (push && number === api.session.number) {
    started = null;
    return { push, missed };
  }
  stop();
  return { push: createPush(api), missed: [] };
}

/** Another user is logged in, or nobody. */
function stop() {
  started?.stop();
  started = null;
}
