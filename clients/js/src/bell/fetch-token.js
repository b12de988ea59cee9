/** Asks a page's own server for a token. */

import { request } from "../live/http.js";

const LOGGED_OUT = new Set([401, 403]);

/** `GET url` answers {token}, or 401 if nobody is logged in. The page's cookies go with it, if the site is the same. */
export async function fetchToken(url) {
  try {
    const answer = await request("GET", url);
    if (typeof answer?.token !== "string") throw new TypeError(`${url} should answer {"token": "..."}`);
    return answer.token;
  } catch (error) {
    if (LOGGED_OUT.has(error.status)) return null;
    throw error;
  }
}
