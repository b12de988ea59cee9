"""Measures the page while much is in its inbox and much arrives: `python -m tests.page_stress`."""

import argparse
import itertools
import json
import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import insert

from core import service_keys
from core.db import Database
from core.models import Notification
from dev.ports import find_free
from tests.e2e.pages import Person
from tests.services import Valkey
from tests.system import System, on_redis

_CALLERS = 4  # at once: one alone waits for each answer
_CATEGORIES = ["toplevel", "devtools.timeline", "__metadata"]
_TITLE = "Rain"
_OBSERVE = """() => {
  window.seen = { frames: [], shifts: [], tasks: [] };
  const note = (kind, read) => new PerformanceObserver((list) => seen[kind].push(...list.getEntries().map(read)))
    .observe({ type: kind === "tasks" ? "longtask" : "layout-shift" });
  note("tasks", ({ duration }) => duration);
  note("shifts", ({ value, sources }) => [value, ...sources.map(({ node }) => node?.className)]);
  const frame = (now) => (seen.frames.push(now), requestAnimationFrame(frame));
  requestAnimationFrame(frame);
}"""


@dataclass
class Stress:
    """One user whose page is open, and who gets much."""

    system: System
    bob: Person
    key: str
    number: "itertools.count[int]"

    def fill(self, count: int) -> None:
        """Put notifications into the inbox that were pushed long ago."""
        now = int(time.time())
        bob = str(self.bob.id)
        row = {"recipient_id": bob, "actor_id": bob, "event": "liking notify", "created_at": now, "dispatched_at": now}
        numbers = itertools.islice(self.number, count)
        rows = [{**row, "data": {"art_id": number, "art_title": f"{_TITLE} {number}"}} for number in numbers]
        database = Database(self.system.env["DATABASE_URL"])
        with database.transaction() as connection:
            connection.execute(insert(Notification), rows)
        database.close()

    def push(self, rate: int, seconds: float) -> None:
        """Send so many a second over the API, each about another article, so that none is gathered with others."""
        begin = time.monotonic()
        with ThreadPoolExecutor(_CALLERS) as callers:
            calls = []
            for sent in range(int(rate * seconds)):
                time.sleep(max(0, begin + sent / rate - time.monotonic()))
                calls.append(callers.submit(self._send, next(self.number)))
        for call in calls:
            call.result()

    def _send(self, number: int) -> None:
        data = {"art_id": number, "art_title": f"{_TITLE} {number}"}
        body = {"event": "liking notify", "to": [self.bob.id], "actor": self.bob.id, "data": data}
        status, answer = self.system.api.call("POST", "/v1_0/notifications", body, token=self.key)
        assert status == 202, answer


def measure(browser: Browser, page: Page, stress: Stress, *, rate: int, seconds: float) -> dict[str, Any]:
    """Push while the browser's own trace runs; return the figures."""
    page.evaluate(_OBSERVE)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    browser.start_tracing(page=page, categories=_CATEGORIES)
    begin = time.monotonic()
    pushing = threading.Thread(target=stress.push, args=(rate, seconds))
    pushing.start()
    while pushing.is_alive():
        page.wait_for_timeout(200)
    pushed = time.monotonic() - begin
    page.wait_for_timeout(1500)
    traced = time.monotonic() - begin
    tasks = _tasks(browser.stop_tracing())
    seen = page.evaluate("() => seen")
    gaps = sorted(after - before for before, after in itertools.pairwise(seen["frames"]))
    return {
        "pushes a second": round(int(rate * seconds) / pushed, 1),
        "longest task, ms": round(max(task.taken for task in tasks) / 1000, 1),
        "tasks over 50 ms": sum(task.taken > 50_000 for task in tasks),
        "tasks over 50 ms of CPU time": sum(task.worked > 50_000 for task in tasks),
        "most CPU time of a task, ms": round(max(task.worked for task in tasks) / 1000, 1),
        "work of the main thread, %": round(sum(task.worked for task in tasks) / 10_000 / traced, 1),
        "frames a second": round(1000 * len(gaps) / sum(gaps), 1),
        "longest time between two frames, ms": round(gaps[-1], 1),
        "layout shift": round(sum(shift[0] for shift in seen["shifts"]), 4),
        "shifts": seen["shifts"][:3],
        "rows in the DOM": page.locator("#inbox-card article").count(),
        "requests": len(requests),
    }


class Task(NamedTuple):
    """A task of the page's main thread, in microseconds. The rest of `taken` it waited for a core."""

    taken: float
    worked: float


def _tasks(trace: bytes) -> list[Task]:
    events = json.loads(trace)["traceEvents"]
    names = [event for event in events if event["name"] == "thread_name"]
    mains = {(event["pid"], event["tid"]) for event in names if event["args"]["name"] == "CrRendererMain"}
    tasks: dict[Any, list[Task]] = {}
    for event in events:
        place = (event["pid"], event["tid"])
        if event["name"].endswith("RunTask") and place in mains and "dur" in event:
            tasks.setdefault(place, []).append(Task(event["dur"], event.get("tdur", event["dur"])))
    return max(tasks.values(), key=lambda those: sum(task.taken for task in those))


def scroll_down(page: Page, rows: int) -> int:
    """Read older ones until so many were read; return how many rows are in the DOM."""
    read = 0

    def count(response: Any) -> None:
        nonlocal read
        read += 20 if "before=" in response.url else 0

    page.on("response", count)
    deadline = time.monotonic() + 240
    while read < rows and time.monotonic() < deadline:
        page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(30)
    page.remove_listener("response", count)
    return page.locator("#inbox-card article").count()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, default=10_000)
    parser.add_argument("--scrolled", type=int, default=3_000, help="rows that the reader has scrolled through")
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="toutiao-stress-"))
    valkey = Valkey(place / "valkey").start()
    key, line = service_keys.create("stress")
    port = find_free()
    settings = {"IM_PORT": str(port), "SERVICE_KEYS": line, **on_redis(valkey.url)}
    try:
        with System(place / "system", im_ports=[port], **settings) as system, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            bob = Person(browser, system, viewport={"width": 1280, "height": 800})
            stress = Stress(system, bob, key, itertools.count(1))
            stress.fill(given.stored)
            bob.page.reload()
            bob.page.wait_for_timeout(3000)
            run = {"rate": given.rate, "seconds": given.seconds}
            print("at the top", json.dumps(measure(browser, bob.page, stress, **run), indent=1), flush=True)
            print("rows in the DOM after scrolling", scroll_down(bob.page, given.scrolled), flush=True)
            print("at the end", json.dumps(measure(browser, bob.page, stress, **run), indent=1), flush=True)
            browser.close()
    finally:
        valkey.stop()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
