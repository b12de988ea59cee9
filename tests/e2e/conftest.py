"""The shapes that a system may have, and a browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.im import Im
from tests.services import PostgreSQL, RabbitMQ, Service, free_port, missing
from tests.system import ROOT, System, on_redis

_CHROMIUM_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)

Valkeys = Callable[[], Service]


@pytest.fixture(scope="session")
def small(folder: Path, valkeys: Valkeys) -> Iterator[System]:
    """The embedded default: SQLite, and one Valkey for all."""
    urls = on_redis(valkeys().url)
    with System(folder / "small", im_servers=2, **urls) as system:
        yield system


@pytest.fixture(scope="session")
def big(folder: Path, valkeys: Valkeys, rabbitmq: RabbitMQ, postgresql: PostgreSQL) -> Iterator[System]:
    """The production shape: PostgreSQL, RabbitMQ for both queues, Valkey for the rest."""
    amqp = rabbitmq.create_vhost()
    with System(
        folder / "big",
        im_servers=2,
        DATABASE_URL=postgresql.create_database(),
        BROKER_URL=amqp,
        MESSAGE_QUEUE_URL=amqp,
        REDIS_URL=valkeys().url,
    ) as system:
        yield system


@pytest.fixture(scope="session")
def mixed(folder: Path, valkeys: Valkeys, rabbitmq: RabbitMQ, postgresql: PostgreSQL) -> Iterator[System]:
    """RabbitMQ for Celery, Valkey for Socket.IO."""
    redis = valkeys().url
    with System(
        folder / "mixed",
        DATABASE_URL=postgresql.create_database(),
        BROKER_URL=rabbitmq.create_vhost(),
        MESSAGE_QUEUE_URL=redis,
        REDIS_URL=redis,
    ) as system:
        yield system


@pytest.fixture(scope="session")
def stock(folder: Path, valkeys: Valkeys) -> Iterator[System]:
    """The embedded default on the library's own transport."""
    urls = on_redis(valkeys().url)
    with System(folder / "stock", im_servers=2, IM_TRANSPORT="stock", **urls) as system:
        yield system


@pytest.fixture(params=["small", "big", "mixed", "stock"])
def system(request: pytest.FixtureRequest) -> System:
    shape: System = request.getfixturevalue(request.param)
    return shape


@pytest.fixture(scope="session")
def pages(folder: Path, valkeys: Valkeys) -> Iterator[System]:
    """One that the page finds its IM server in."""
    port = free_port()
    urls = on_redis(valkeys().url)
    with System(folder / "pages", IM_PORT=str(port), im_ports=[port], **urls) as system:
        yield system


@pytest.fixture(scope="session", params=["fast", "stock"])
def im_server(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    """An IM server alone, on either transport."""
    with Im(folder, valkey.url, transport=request.param) as server:
        yield server


@pytest.fixture
def im(im_server: Im) -> Iterator[Im]:
    """An IM server that no client may crash: at the end of each test it answers, and its log is clean."""
    yield im_server
    assert im_server.is_well(), im_server.process.log.read_text(errors="replace")[-4000:]


@pytest.fixture(scope="session", params=["fast", "stock"])
def impatient_im(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    """One whose heart beats fast: a ping each 0.3 s, to be answered within 0.8 s."""
    with Im(folder, valkey.url, transport=request.param, heartbeat=(0.3, 0.8)) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("Chromium")
    if not (ROOT / "app/static/vendor/socket.io.esm.min.js").exists():
        missing("socket.io-client (make page)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_CHROMIUM_FLAGS.split())
        yield browser
        browser.close()
