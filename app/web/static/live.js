/** The live connection of the user who is logged in, and its state on the page. */

import { byId } from "./elements.js";
import { retry } from "./push/live/retry.js";
import { SharedPush } from "./push/live/shared-push.js";

const STATES = {
  connecting: "Connecting",
  "catching-up": "Catching up",
  live: "Live",
  offline: "Offline, reconnecting",
  missing: "Not live",
};

/** Connect, and stay connected until the signal is aborted. `on` has a function for each event of SharedPush. */
export async function goLive(api, inbox, on, signal) {
  showState("connecting");
  const io = await retry(loadClient, signal);
  if (signal.aborted) return;
  const push = new SharedPush({
    io,
    url: document.body.dataset.imUrl,
    userId: api.session.user.id,
    getToken: async ({ refresh }) => (!refresh && api.session.token) || api.session.refresh(),
    loadInbox: () => inbox.load(),
  });
  signal.addEventListener("abort", () => push.stop());
  push.addEventListener("state", ({ detail }) => (detail === "logged-out" ? api.end() : showState(detail)));
  for (const [event, action] of Object.entries(on)) push.addEventListener(event, ({ detail }) => action(detail));
  push.start();
}

/** A browser may remember that it could not load an address, so each attempt uses another one. */
async function loadClient(failures) {
  try {
    const { io } = await import(`./vendor/socket.io.esm.min.js${failures ? `?try=${failures}` : ""}`);
    return io;
  } catch (error) {
    showState("missing");
    throw error;
  }
}

function showState(state) {
  byId("state").textContent = STATES[state];
  byId("state").dataset.state = state;
  byId("no-live").hidden = state !== "missing";
}
