"""Wait until every part answers, then say where."""

import base64
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

_DEADLINE_SECONDS = 60
_PAUSE_SECONDS = 0.2
VENDORED = Path("app/static/vendor/socket.io.esm.min.js")


def announce(variables: Mapping[str, str]) -> None:
    """Print the table of URLs when all of it answers, or what does not."""
    api, im, flower = (f"http://127.0.0.1:{variables[name]}" for name in ("API_PORT", "IM_PORT", "FLOWER_PORT"))
    checks: dict[str, Callable[[], bool]] = {
        "API": lambda: _answers(f"{api}/readyz"),
        "IM server": lambda: _answers(f"{im}/readyz"),
        "Flower": lambda: _answers(f"{flower}/api/workers?refresh=true", variables["FLOWER_BASIC_AUTH"]),
        "worker": lambda: _worker_answers(variables["BROKER_URL"]),
    }
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while checks and time.monotonic() < deadline:
        checks = {name: check for name, check in checks.items() if not check()}
        time.sleep(_PAUSE_SECONDS if checks else 0)
    if checks:
        print(f"\nNot ready after {_DEADLINE_SECONDS} s: {', '.join(checks)}. The lines above say why.\n", flush=True)
        return
    user, _, password = variables["FLOWER_BASIC_AUTH"].partition(":")
    print(
        f"""
  Ready. Open two browser windows, sign up in both, follow in one.

    Web page    {api}/
    API         {api}/v1_0   (docs: {api}/docs)
    IM server   {im}/socket.io
    Flower      {flower}/   user {user}, password {password}

  Ctrl-C stops everything.
""",
        flush=True,
    )
    if not VENDORED.exists():
        print("  The page lacks live updates: install Node.js with npm and run `make run` again.\n", flush=True)


def _answers(url: str, basic_auth: str | None = None) -> bool:
    request = urllib.request.Request(url)  # noqa: S310  (our own, on loopback)
    if basic_auth:
        request.add_header("Authorization", "Basic " + base64.b64encode(basic_auth.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


def _worker_answers(broker_url: str) -> bool:
    from celery import Celery

    with Celery("toutiao-ping", broker=broker_url, set_as_current=False) as app:
        app.conf.control_queue_exclusive = True
        return bool(app.control.ping(timeout=1))
