{#-
Starts what takes longest, while the scripts are on their way: the request for a new access token, and the websocket.
It stands in the page itself; page.py names its hash in the page's policy. session.js and early-socket.js take over.
Nothing is lost if it fails: they do the same then.
-#}
{
  const { locks } = navigator;
  const { imUrl } = document.currentScript.dataset;

  const isLoggedIn = () => {
    try {
      return localStorage.getItem("user") !== null;
    } catch {
      return false;
    }
  };
  const renew = () => fetch("/v1_0/authorizations", { method: "PUT", signal: AbortSignal.timeout(10_000) });
  const openSocket = () => {
    const socket = new WebSocket(`${imUrl.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    const messages = [];
    socket.onmessage = ({ data }) => messages.push(data);
    window.early.socket = { socket, messages };
  };

  if (isLoggedIn()) {
    window.early = { answer: locks ? locks.request("refresh", renew) : renew() };
    window.early.answer.catch(() => {});
    {#- Another tab has the socket of them all, if its lock is held: see shared-push.js. #}
    const others = locks ? locks.query() : Promise.resolve({ held: [] });
    others.then(({ held }) => held.some(({ name }) => name.startsWith("push:")) || openSocket());
  }
}
