{#-
Stands in the page itself; page.py names its hash in the page's policy.

It starts what takes longest while the scripts are on their way: the request for a new access token, and the websocket.
static/early.js hands them on. If they fail, nothing is lost: the scripts begin anew. It waits for no lock, which can take
150 ms. So two tabs may ask for a token at once; both get the same.

A page without its scripts can do nothing. If they have not run when all is loaded, it is loaded anew, with growing pauses,
as soon as the server answers.
-#}
{
  const MOST_FAILURES = 30;
  const LONGEST_PAUSE_MS = 30_000;
  const TIMEOUT_MS = 10_000;

  const isLoggedIn = () => {
    try {
      return localStorage.getItem("user") !== null;
    } catch {
      return false;
    }
  };
  const askForToken = async () => {
    {#- keepalive: the browser takes the new cookie also if the reader leaves before the answer. #}
    const options = { method: "PUT", keepalive: true, signal: AbortSignal.timeout(TIMEOUT_MS) };
    const answer = await fetch("/v1_0/authorizations", options);
    return answer.ok ? (await answer.json()).token : null;
  };
  const connect = (imUrl) => {
    const messages = [];
    const socket = new WebSocket(`${imUrl.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    socket.onmessage = ({ data }) => messages.push(data);
    return { socket, messages };
  };
  {#- Another tab has the socket of them all, if its lock is held: see shared-push.js. #}
  const leaveToOtherTab = async () => {
    const { held } = await navigator.locks.query();
    if (held.some(({ name }) => name.startsWith("push:"))) window.early.socket?.close();
  };
  const retry = (failures) => {
    history.replaceState(failures < MOST_FAILURES ? { failures: failures + 1 } : null, "");
    if (failures === MOST_FAILURES) return;
    const pause = Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** failures) * (0.5 + Math.random() / 2);
    setTimeout(() => {
      const answered = fetch("/livez", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
      answered.then(() => location.reload()).catch(() => retry(failures + 1));
    }, pause);
  };

  addEventListener("load", () => {
    if (window.hasStarted) return;
    document.querySelector("#load-failed").hidden = false;
    retry(history.state?.failures ?? 0);
  });
  if (isLoggedIn()) {
    window.early = { token: askForToken().catch(() => null) };
    Object.assign(window.early, connect(document.currentScript.dataset.imUrl));
    leaveToOtherTab().catch(() => {});
  }
}
