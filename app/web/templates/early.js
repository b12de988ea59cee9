{#-
Stands in the page itself; page.py names its hash in the page's policy.

It starts what takes longest while the scripts are on their way: the request for a new access token, and the websocket.
static/early.js hands them on. If they fail, nothing is lost: the scripts begin anew. It waits for no lock, which can take
150 ms. Two tabs may so ask for a token at once; both get the same.

A page without its scripts can do nothing, so it is loaded anew if one fails, with growing pauses.
-#}
{
  const MOST_FAILURES = 10;
  const LONGEST_PAUSE_MS = 30_000;

  const isLoggedIn = () => {
    try {
      return localStorage.getItem("user") !== null;
    } catch {
      return false;
    }
  };
  const start = () => {
    const answer = fetch("/v1_0/authorizations", { method: "PUT", signal: AbortSignal.timeout(10_000) });
    answer.catch(() => {});
    const imUrl = document.currentScript.dataset.imUrl.replace("http", "ws");
    const socket = new WebSocket(`${imUrl}/socket.io/?EIO=4&transport=websocket`);
    const messages = [];
    socket.onmessage = ({ data }) => messages.push(data);
    window.early = { answer, socket, messages };
    {#- Another tab has the socket of them all, if its lock is held: see shared-push.js. #}
    navigator.locks?.query().then(({ held }) => held.some(({ name }) => name.startsWith("push:")) && socket.close());
  };
  const showFailure = () => {
    document.querySelector("#load-failed").hidden = false;
  };
  const fail = () => {
    removeEventListener("error", onError, true);
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", showFailure);
    else showFailure();
    const failures = history.state?.failures ?? 0;
    if (failures === MOST_FAILURES) return;
    history.replaceState({ failures: failures + 1 }, "");
    setTimeout(() => location.reload(), Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** failures) * (0.5 + Math.random() / 2));
  };
  const onError = ({ target }) => {
    if (target.localName === "script") fail();
  };

  addEventListener("error", onError, true);
  if (isLoggedIn()) start();
}
