/** What the page does first: it connects the user who is logged in, while the rest of the page is on its way. */

import { Api } from "./api.js";
import { createPush } from "./live.js";

export const api = new Api();
/** Whether somebody was logged in when the page was opened. */
export const wasLoggedIn = api.session.user !== null;

const { number } = api.session;
let started = wasLoggedIn ? createPush(api) : null;
started?.start();

/** Return a Push of the user who is logged in now; the first time, the one that was started for that user. */
export function takePush() {
  const first = started;
  started = null;
  if (first && number === api.session.number) return first;
  first?.stop();
  return createPush(api);
}
