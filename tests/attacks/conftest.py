"""The servers that are attacked. At the end of each test they must answer, with a clean log."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_server import ApiServer
from tests.im import Im
from tests.services import Service

# The attacks take minutes. The limits are the same code on both transports, so a whole run attacks the one in use.
TRANSPORTS = ["fast", "stock"] if os.environ.get("ALL_TRANSPORTS") else ["fast"]


@pytest.fixture(params=TRANSPORTS)
def im(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    """A server for one test, which measures its memory or counts from 0."""
    with Im(folder, valkey.url, transport=request.param) as server:
        yield server
        _assert_well(server)


@pytest.fixture(scope="package", params=TRANSPORTS)
def shared_server(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    with Im(folder, valkey.url, transport=request.param) as server:
        yield server


@pytest.fixture
def shared_im(shared_server: Im) -> Iterator[Im]:
    """A server for all tests that measure no memory and leave no client."""
    yield shared_server
    _assert_well(shared_server)


@pytest.fixture(scope="package")
def api_server(folder: Path, valkey: Service) -> Iterator[ApiServer]:
    """An API process with low limits, which the tests share. Each uses addresses and names of its own."""
    limits = {
        "LIMIT_FAILED_LOGINS": "2",
        "LIMIT_FAILED_LOGINS_PER_NAME": "4",
        "LIMIT_FAILED_LOGINS_PER_ADDRESS": "4",
        "LIMIT_SIGN_UPS_PER_ADDRESS": "2",
    }
    with ApiServer(folder / "attacked-api", valkey.url, KEY_PREFIX="attacked:", **limits) as server:
        yield server
        assert "Traceback" not in server.process.log.read_text(errors="replace")


def _assert_well(server: Im) -> None:
    assert server.is_well(), server.process.log.read_text(errors="replace")[-4000:]
