/** What the page has begun before its scripts came, see templates/early.js. Each can be taken once. */

/** Return the promise of the answer to `PUT /authorizations`, or undefined. */
export function takeAnswer() {
  const answer = window.early?.answer;
  if (answer) delete window.early.answer;
  return answer;
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

function takeSocket(uri) {
  const { socket, messages } = window.early?.socket ?? {};
  if (!socket) return null;
  delete window.early.socket;
  if (socket.url !== uri || socket.readyState > WebSocket.OPEN) {
    socket.close();
    return null;
  }
  // The transport listens as soon as this function has returned. Until then it has missed what came.
  if (socket.readyState === WebSocket.OPEN) {
    queueMicrotask(() => {
      socket.onopen();
      for (const data of messages) socket.onmessage({ data });
    });
  }
  return socket;
}
