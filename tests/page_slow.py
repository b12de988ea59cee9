"""Measures how soon the page is live over a slow network: `python -m tests.page_slow`."""

import argparse
import itertools
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, Request, sync_playwright

from core import service_keys
from dev.ports import find_free
from tests.e2e.pages import Person
from tests.page_stress import Stress
from tests.services import Valkey
from tests.system import System, on_redis

_SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
_SHOWN = "count => document.querySelectorAll('#inbox-card article').length > count"
_WATCH = """() => {
  window.liveAt = null;
  const look = () => {
    if (document.querySelector("#state")?.dataset.state === "live") liveAt ??= performance.now();
  };
  const options = { subtree: true, childList: true, attributeFilter: ["data-state"] };
  new MutationObserver(look).observe(document, options);
}"""


def open_page(page: Page, session: CDPSession, *, is_cold: bool) -> dict[str, Any]:
    """Reload the page and return when it was live, in ms since the navigation, and its requests until then."""
    if is_cold:
        session.send("Network.clearBrowserCache")
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    page.on("request", note)
    page.reload(wait_until="commit")
    page.wait_for_function("() => window.liveAt", timeout=60_000)
    page.remove_listener("request", note)
    live: float = page.evaluate("() => liveAt")
    began = min(request.timing["startTime"] for request in requests if request.is_navigation_request())
    page.wait_for_load_state("networkidle")
    steps = [_step(request, began) for request in requests]
    return {"live, ms": round(live), "steps": [step for step in steps if step[1] < live]}


def _step(request: Request, began: float) -> tuple[str, int, int]:
    """Return the name of a request, when it was sent, and when its answer was read, in ms since the navigation."""
    begin = request.timing["startTime"] - began
    end = begin + request.timing["responseEnd"]
    return f"{request.method} {request.url.partition('//')[2].partition('/')[2]}", round(begin), round(end)


def push_once(page: Page, stress: Stress) -> float:
    """Push one and return after how many ms it was in the list."""
    rows = page.locator("#inbox-card article").count()
    begin = time.monotonic()
    stress.push(1, 1)
    page.wait_for_function(_SHOWN, arg=rows, timeout=30_000)
    return 1000 * (time.monotonic() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="toutiao-slow-"))
    valkey = Valkey(place / "valkey").start()
    key, line = service_keys.create("slow")
    port = find_free()
    settings = {"IM_PORT": str(port), "SERVICE_KEYS": line, **on_redis(valkey.url)}
    try:
        with System(place / "system", im_ports=[port], **settings) as system, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            bob = Person(browser, system, service_workers="block")
            stress = Stress(system, bob, key, itertools.count(1))
            bob.page.add_init_script(f"({_WATCH})()")
            session = bob.page.context.new_cdp_session(bob.page)
            session.send("Network.enable")
            session.send("Network.emulateNetworkConditions", _SLOW)
            print("Chromium", browser.version)
            for cache in ("cold", "warm"):
                runs = [open_page(bob.page, session, is_cold=cache == "cold") for _ in range(given.times)]
                times = [run["live, ms"] for run in runs]
                print(cache, "live, ms: median", statistics.median(times), "all", times, flush=True)
                print(*map(json.dumps, runs[-1]["steps"]), sep="\n", flush=True)
            pushes = [round(push_once(bob.page, stress)) for _ in range(given.times)]
            print("push until shown, ms: median", statistics.median(pushes), "all", pushes)
            browser.close()
    finally:
        valkey.stop()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
