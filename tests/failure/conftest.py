"""Clusters for fault injection: the embedded default, and the shape of production."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.failure.cluster import Cluster


@pytest.fixture(scope="package")
def small_cluster(folder: Path) -> Iterator[Cluster]:
    """SQLite, and one Valkey for all."""
    with Cluster(folder / "small-cluster", queue="redis", database="sqlite") as cluster:
        yield cluster


@pytest.fixture(scope="package")
def large_cluster(folder: Path) -> Iterator[Cluster]:
    """PostgreSQL, RabbitMQ for both queues, Valkey for the rest."""
    with Cluster(folder / "large-cluster", queue="rabbitmq", database="postgresql") as cluster:
        yield cluster
