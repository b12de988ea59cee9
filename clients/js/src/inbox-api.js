/** The inbox over HTTP: `GET {baseUrl}/user/notifications`, and what is below it. */

import { request } from "./live/http.js";

/** `getToken` is that of createPush; `language` is that of the texts, if it is not the browser's. The calls reject with an ApiError, or with Unreachable. */
export function httpInbox({ baseUrl, getToken, language }) {
  const user = `${baseUrl.replace(/\/+$/, "")}/user`;
  const root = `${user}/notifications`;
  const muted = (id) => `${user}/preferences/muted/${encodeURIComponent(id)}`;

  async function call(method, url, body) {
    try {
      return await request(method, url, { body, language, token: await getToken({ refresh: false }) });
    } catch (error) {
      if (error.status !== 401) throw error;
      const token = await getToken({ refresh: true });
      if (token === null) throw error;
      return request(method, url, { body, language, token });
    }
  }

  return {
    list: (query) => call("GET", `${root}?${new URLSearchParams(query)}`),
    counts: () => call("GET", `${root}/counts`),
    markRead: (which) => call("POST", `${root}/read`, which),
    markState: (mark) => call("POST", `${root}/state`, mark),
    mute: (id) => call("PUT", muted(id)),
    unmute: (id) => call("DELETE", muted(id)),
  };
}
