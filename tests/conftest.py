"""Services and a browser that the tests share, each started when the first test asks for it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

import app.events  # noqa: F401  (tests notify of them, in whatever order they run)
from tests.browsers import chromium, started_playwright
from tests.scheduling import Units
from tests.services import PostgreSQL, RabbitMQ, Service, Valkey, running


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
def browser() -> Iterator[Browser]:
    with started_playwright() as playwright, chromium(playwright) as browser:
        yield browser
