/** What the page has begun before its scripts came, see templates/early.js. Each can be taken once. */

/** Return a promise of an access token, or of null if it could not be had; undefined if it was not asked for. */
export function takeToken() {
  return take("token");
}

/** Return the `io` of this Socket.IO client, whose first websocket is the one that the page has opened. */
export function withEarlySocket({ io, WebSocket: WebSocketTransport, XHR }) {
  class EarlyWebSocket extends WebSocketTransport {
    createSocket(uri, ...rest) {
      return takeSocket(uri) ?? super.createSocket(uri, ...rest);
    }
  }
  return (url, options) => io(url, { ...options, transports: [EarlyWebSocket, XHR] });
}

/** Close the websocket if nobody has taken it: another tab has one for all. */
export function closeEarlySocket() {
  take("socket")?.close();
}

/** All scripts of the page have run, so it need not be loaded anew. */
export function noteStart() {
  window.hasStarted = true;
  if (history.state?.failures) history.replaceState(null, "");
}

function takeSocket(uri) {
  const socket = take("socket");
  if (!socket || socket.readyState > WebSocket.OPEN) return null;
  if (socket.url !== uri) {
    socket.close();
    return null;
  }
  // The transport listens as soon as this function has returned. Until then it has missed what came.
  if (socket.readyState === WebSocket.OPEN) {
    const messages = take("messages");
    queueMicrotask(() => {
      socket.onopen();
      for (const data of messages) socket.onmessage({ data });
    });
  }
  return socket;
}

function take(name) {
  const taken = window.early?.[name];
  if (taken) delete window.early[name];
  return taken;
}
