"""Measures how soon the page is live over a slow network: `python -m tests.page_slow`."""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, Request, expect, sync_playwright

from dev.ports import find_free
from tests.e2e.pages import Person
from tests.services import Valkey
from tests.slow_network import SlowNetwork
from tests.system import System, on_redis

_DOWN, _UP = 1_600_000, 750_000  # bits a second
_PAUSE_MS = 1500  # between two follows: what comes in a burst waits above the list
# What the reader has: everything is new, or the files are cached, or the page has a service worker as well.
_VISITS = {"cold": "block", "warm": "block", "warm, with the service worker": "allow"}
_SHOWN = "name => document.querySelector('#inbox-card').textContent.includes(name)"
_WATCH = """() => {
  window.marks = [];
  window.liveAt = null;
  const mark = (name) => liveAt ?? marks.push([name, performance.now()]);
  window.WebSocket = class extends WebSocket {
    constructor(...its) {
      super(...its);
      mark("websocket: begin");
      this.addEventListener("open", () => mark("websocket: open"));
      this.addEventListener("message", ({ data }) => mark(`websocket: ${String(data).slice(0, 12)}`));
    }
    send(data) {
      mark(`websocket: sends ${String(data).slice(0, 2)}`);
      super.send(data);
    }
  };
  const look = () => {
    if (document.querySelector("#state")?.dataset.state === "live") liveAt ??= performance.now();
  };
  const options = { subtree: true, childList: true, attributeFilter: ["data-state"] };
  new MutationObserver(look).observe(document, options);
}"""


def visit(page: Page, url: str, network: SlowNetwork, *, is_cold: bool) -> float:
    """Open the page over new connections; return when it was live, in ms since the navigation."""
    page.goto("about:blank")
    network.drop()
    if is_cold:
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.goto(url, wait_until="commit")
    page.wait_for_function("() => window.liveAt", timeout=60_000, polling=500)  # seldom: it takes time from the page
    live: float = page.evaluate("() => liveAt")
    page.wait_for_load_state("networkidle")
    return live


def explain(page: Page, url: str, network: SlowNetwork, *, is_cold: bool) -> list[str]:
    """Visit the page once more; return what led to its being live. To note that makes a visit slower."""
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    page.on("request", note)
    live = visit(page, url, network, is_cold=is_cold)
    page.remove_listener("request", note)
    marks: list[tuple[str, float]] = page.evaluate("() => marks")
    navigation = next(place for place, request in enumerate(requests) if request.is_navigation_request())
    requests = requests[navigation:]  # without those of the page that was left
    began = requests[0].timing["startTime"]
    steps = [(at, f"{at:5.0f}        {name}") for name, at in marks]
    steps += [_step(request, began) for request in requests]
    return [f"{live:5.0f}        live", *(line for at, line in sorted(steps) if 0 <= at < live)]


def _step(request: Request, began: float) -> tuple[float, str]:
    """Return when a request began, and a line with that, when it ended, and its address, in ms since the navigation."""
    begin = request.timing["startTime"] - began
    path = request.url.partition("//")[2].partition("/")[2]
    return begin, f"{begin:5.0f} {begin + request.timing['responseEnd']:6.0f} {request.method} /{path}"


def follow(system: System, bob: Person) -> float:
    """Let somebody with a fast network follow Bob; return after how many ms it was in the list."""
    fan = system.user("fan")
    bob.page.wait_for_timeout(_PAUSE_MS)
    begin = time.monotonic()
    assert bob.api.call("POST", "/v1_0/user/followings", {"target": bob.id}, token=fan.token)[0] == 201
    bob.page.wait_for_function(_SHOWN, arg=fan.name, timeout=30_000)
    return 1000 * (time.monotonic() - begin)


def report(what: str, times: list[float]) -> None:
    print(f"{what}, ms: median {statistics.median(times):.0f} of {[round(each) for each in times]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--round-trip", type=float, default=0.15, help="seconds; 1.5 shows how many there are")
    given = parser.parse_args()
    expect.set_options(timeout=30_000)
    place = Path(tempfile.mkdtemp(prefix="toutiao-slow-"))
    valkey = Valkey(place / "valkey").start()
    port = find_free()
    system = System(place / "system", im_ports=[port], GROUP_WINDOW_SECONDS="0", **on_redis(valkey.url))
    try:
        with SlowNetwork(down=_DOWN, up=_UP, round_trip=given.round_trip) as network, sync_playwright() as playwright:
            url, im_url = (f"http://127.0.0.1:{network.open(behind)}" for behind in (system.api_port, port))
            system.env |= {"IM_PUBLIC_URL": im_url, "CORS_ORIGINS": url}
            with system:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                print("Chromium", browser.version)
                for name, workers in _VISITS.items():
                    bob = Person(browser, system, url=url, service_workers=workers)
                    bob.page.add_init_script(f"({_WATCH})()")
                    is_cold = name == "cold"
                    times = [visit(bob.page, url, network, is_cold=is_cold) for _ in range(given.times)]
                    report(f"{name}: live", times)
                    print(*explain(bob.page, url, network, is_cold=is_cold), sep="\n", flush=True)
                report("a follow until it is shown", [follow(system, bob) for _ in range(given.times)])
                browser.close()
    finally:
        valkey.stop()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
