/*! with socket.io-client of Guillermo Rauch: MIT licence */
/** Socket.IO's client, in the page's first file: loading it by itself would cost a round trip more. */

import { io, WebSocket, XHR } from "socket.io-client";

export async function loadClient() {
  return { io, WebSocket, XHR };
}
