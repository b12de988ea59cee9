"""Wires that a test may cut, and a database with a standby."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.failure.proxy import Network
from tests.services import PostgreSQL
from tests.standby import Standby


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()


@pytest.fixture
def postgresql_pair(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[tuple[PostgreSQL, Standby]]:
    place = folder / tmp_path_factory.mktemp("pair").name
    place.mkdir(mode=0o755)
    primary = PostgreSQL(place / "primary")
    primary.start()
    standby = None
    try:
        standby = Standby(place / "standby", primary)
        standby.start()
        yield primary, standby
    finally:
        for server in filter(None, (standby, primary)):
            server.kill()


@pytest.fixture(autouse=True, scope="module")
def _no_garbage_for_others() -> Iterator[None]:
    """Collect what the libraries leave open after a fault, or a test of another module would fail for it."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
