"""Worlds to injure: the embedded default, and the production shape."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.failure.world import World


@pytest.fixture(scope="session")
def small_world(folder: Path) -> Iterator[World]:
    """SQLite, and one Valkey for all."""
    with World(folder / "small-world", queue="redis", database="sqlite") as world:
        yield world


@pytest.fixture(scope="session")
def big_world(folder: Path) -> Iterator[World]:
    """PostgreSQL, RabbitMQ for both queues, Valkey for the rest."""
    with World(folder / "big-world", queue="rabbitmq", database="postgresql") as world:
        yield world
