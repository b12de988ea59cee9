/** Loads Socket.IO's client. In the bundle of the page, bundled-client.js stands in its place. */

/** Resolve to {io, WebSocket, XHR}. A browser may remember that it could not load an address: each attempt has another. */
export function loadClient(failures) {
  return import(`${document.body.dataset.client}${failures ? `?try=${failures}` : ""}`);
}
