"""A version that is too old is named together with the one that is needed."""

import pytest

from core.versions import shortfall


@pytest.mark.parametrize("version", ["7.0", "7.0.15", "7.2.4", "10.1.0", "", "unknown", "v6"])
def test_sufficient_or_unknown_version_is_accepted(version: str) -> None:
    assert shortfall("Redis", version) is None


@pytest.mark.parametrize(
    ("service", "version", "complaint"),
    [
        ("Redis", "6.2.14", "it is Redis 6.2.14, and 7.0 or later is needed"),
        ("Redis", "5, or older", "it is Redis 5, or older, and 7.0 or later is needed"),
        ("RabbitMQ", "3.9.29", "it is RabbitMQ 3.9.29, and 3.10 or later is needed"),
        ("PostgreSQL", "9.6.24", "it is PostgreSQL 9.6.24, and 10.0 or later is needed"),
    ],
)
def test_old_version_is_named_beside_the_needed_one(service: str, version: str, complaint: str) -> None:
    assert shortfall(service, version) == complaint
