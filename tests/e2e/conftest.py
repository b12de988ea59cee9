"""Systems of each shape, and browsers."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from core import service_keys
from dev.ports import find_free
from tests.browsers import chromium, closing_contexts, started_playwright
from tests.im import Im
from tests.services import PostgreSQL, RabbitMQ, Service
from tests.system import System, on_redis

_SERVICE_KEY, _SERVICE_LINE = service_keys.create("tests")

Valkeys = Callable[[], Service]


@pytest.fixture(scope="package")
def small(folder: Path, valkeys: Valkeys) -> Iterator[System]:
    """The embedded default: SQLite, and one Valkey for all."""
    settings = {**on_redis(valkeys().url), "TOKEN_GRACE_SECONDS": "2", "SERVICE_KEYS": _SERVICE_LINE}
    with System(folder / "small", im_servers=2, **settings) as system:
        yield system


@pytest.fixture
def service_key() -> str:
    """The key of a service of `small`."""
    return _SERVICE_KEY


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
def mixed(folder: Path, valkeys: Valkeys, rabbitmq: RabbitMQ, postgresql: PostgreSQL) -> Iterator[System]:
    """RabbitMQ for Celery, Valkey for Socket.IO, and a key that signs its messages."""
    redis = valkeys().url
    with System(
        folder / "mixed",
        DATABASE_URL=postgresql.create_database(),
        BROKER_URL=rabbitmq.create_vhost(),
        MESSAGE_QUEUE_URL=redis,
        MESSAGE_QUEUE_KEY=secrets.token_hex(32),
        REDIS_URL=redis,
    ) as system:
        yield system


@pytest.fixture(scope="package")
def stock(folder: Path, valkeys: Valkeys) -> Iterator[System]:
    """The embedded default on the library's own transport."""
    urls = on_redis(valkeys().url)
    with System(folder / "stock", im_servers=2, IM_TRANSPORT="stock", **urls) as system:
        yield system


@pytest.fixture(params=["small", "big", "mixed", "stock"])
def system(request: pytest.FixtureRequest) -> System:
    shape: System = request.getfixturevalue(request.param)
    return shape


@pytest.fixture(scope="package")
def pages(folder: Path, valkeys: Valkeys) -> Iterator[System]:
    """A system whose page can reach its IM server. Nothing is gathered in groups: each follow is a row."""
    with _with_a_page(folder / "pages", valkeys, GROUP_WINDOW_SECONDS="0") as system:
        yield system


@pytest.fixture(scope="package")
def pages_with_groups(folder: Path, valkeys: Valkeys) -> Iterator[System]:
    """The same with groups, of which sockets are told every second."""
    with _with_a_page(folder / "pages-with-groups", valkeys, GROUP_SECONDS="1") as system:
        yield system


def _with_a_page(folder: Path, valkeys: Valkeys, **settings: str) -> System:
    port = find_free()
    return System(folder, IM_PORT=str(port), im_ports=[port], **on_redis(valkeys().url), **settings)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with started_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def shared_browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium for all tests. A module may keep a context open."""
    with chromium(playwright) as browser:
        yield browser


@pytest.fixture(scope="package")
def shared_whole_browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright, whole=True) as browser:
        yield browser


@pytest.fixture
def browser(shared_browser: Browser) -> Iterator[Browser]:
    """Chromium. The contexts that a test opens end with it."""
    with closing_contexts(shared_browser) as browser:
        yield browser


@pytest.fixture
def whole_browser(shared_whole_browser: Browser) -> Iterator[Browser]:
    """Chromium with what its windows need too: notifications of the desktop, and Web Push."""
    with closing_contexts(shared_whole_browser) as browser:
        yield browser


@pytest.fixture(scope="package", params=["fast", "stock"])
def im_server(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    """An IM server alone, on either transport. Other servers may ask its clients for acknowledgements."""
    with Im(folder, valkey.url, transport=request.param, MESSAGE_QUEUE_CONTROL="true") as server:
        yield server


@pytest.fixture
def im(im_server: Im) -> Iterator[Im]:
    """An IM server that no client may crash. At the end of each test it answers, and its log is clean."""
    yield im_server
    assert im_server.is_well(), im_server.process.log.read_text(errors="replace")[-4000:]


@pytest.fixture(scope="package", params=["fast", "stock"])
def impatient_im(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    """An IM server with a fast heartbeat: a ping every 0.3 s, to be answered within 0.8 s."""
    with Im(folder, valkey.url, transport=request.param, heartbeat=(0.3, 0.8)) as server:
        yield server
