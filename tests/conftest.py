"""Services and a browser that the tests share, each started when the first test asks for it."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

import app.events  # noqa: F401  (tests notify of them, in whatever order they run)
from dev.background import ROOT
from tests.scheduling import Units
from tests.services import PATIENCE, PostgreSQL, RabbitMQ, Service, Valkey, missing, running

# A page that a test makes up has no address. Chromium would not let it call this machine.
_CHROMIUM_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-features=LocalNetworkAccessChecks"
)
_WHOLE = "chromium", "chromium-browser"

expect.set_options(timeout=5000 * PATIENCE)


@pytest.hookimpl(optionalhook=True)  # who wants no xdist may leave it out
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Units:
    return Units(config, log)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    # Not pytest's tmp_path: PostgreSQL runs as another user, who may not read it.
    path = Path(tempfile.mkdtemp(prefix="toutiao-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def module_folder(folder: Path) -> Path:
    """A folder of its own for each time that a module's fixtures are made.

    That may be twice in one process: workers take tests from each other, and the rest of a module may come back.
    """
    path = Path(tempfile.mkdtemp(dir=folder))
    path.chmod(0o755)
    return path


@pytest.fixture(scope="session")
def valkey(folder: Path) -> Iterator[Service]:
    yield from running(Valkey(folder / "valkey"))


@pytest.fixture(scope="session")
def valkeys(folder: Path) -> Iterator[Callable[[], Service]]:
    """Start another Valkey with each call: systems that share one get each other's pushes in any database number."""
    started: list[Service] = []

    def start() -> Service:
        started.append(Valkey(folder / f"valkey-{len(started)}").start())
        return started[-1]

    yield start
    for service in started:
        service.stop()


@pytest.fixture(scope="session")
def rabbitmq(folder: Path) -> Iterator[RabbitMQ]:
    yield from running(RabbitMQ(folder / "rabbitmq"))


@pytest.fixture(scope="session")
def postgresql(folder: Path) -> Iterator[PostgreSQL]:
    yield from running(PostgreSQL(folder / "postgresql"))


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    if not (ROOT / "app/web/static/vendor/socket.io.esm.min.js").exists():
        missing("socket.io-client (make page)")
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium. Where the part without windows is installed alone, that is used: it needs a third less CPU."""
    yield from _chromium(playwright, "chromium-headless-shell", *_WHOLE)


@pytest.fixture(scope="module")
def whole_browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium with what its windows need too: notifications of the desktop, and Web Push."""
    yield from _chromium(playwright, *_WHOLE)


def _chromium(playwright: Playwright, *names: str) -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        missing("Chromium")
    browser = playwright.chromium.launch(executable_path=path, args=_CHROMIUM_FLAGS.split())
    yield browser
    browser.close()
