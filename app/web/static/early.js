/** What the page has begun before its scripts came, see templates/early.js. Each can be taken once. */

/** Return the promise of the answer to `PUT /authorizations`, or undefined. */
export function takeAnswer() {
  return take("answer");
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

/** All scripts have come. */
export function forgetFailures() {
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
