/** The live connection and the inbox of the user who is logged in, and the state of the connection on the page. */

import { loadClient } from "./client.js";
import { closeEarlySocket, withEarlySocket } from "./early.js";
import { byId } from "./elements.js";
import { Push } from "./push/push.js";
import { word } from "./words.js";

/** Create the Push of this user. */
export function createPush(api) {
  const push = new Push({
    loadIo,
    url: document.body.dataset.imUrl,
    groups: true,
    userId: api.session.user.id,
    getToken: async ({ refresh }) => (!refresh && api.session.token) || api.session.refresh(),
    inbox: {
      list: (query) => api.call("GET", `/user/notifications?${new URLSearchParams(query)}`),
      counts: () => api.call("GET", "/user/notifications/counts"),
      markRead: (which) => api.call("POST", "/user/notifications/read", which),
      markState: (mark) => api.call("POST", "/user/notifications/state", mark),
      mute: (id) => api.call("PUT", `/user/preferences/muted/${id}`),
      unmute: (id) => api.call("DELETE", `/user/preferences/muted/${id}`),
    },
  });
  showState("connecting");
  push.on("state", (state) => {
    if (state === "logged-out") return api.end();
    if (state === "live") closeEarlySocket();
    showState(state);
  });
  return push;
}

async function loadIo(failures) {
  try {
    return withEarlySocket(await loadClient(failures));
  } catch (error) {
    showState("missing");
    throw error;
  }
}

function showState(state) {
  byId("state").textContent = word(`connection_${state}`);
  byId("state").dataset.state = state;
  byId("no-live").hidden = state !== "missing";
}
