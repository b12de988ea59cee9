"""Clients leave some open files to everything else that a server needs."""

import resource
from collections.abc import Iterator

import pytest

from im import descriptors


@pytest.fixture
def hard_limit() -> Iterator[int]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_sockets_leave_files_to_requests_and_these_to_other_connections(hard_limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard_limit))

    assert 800 < descriptors.most_sockets() < descriptors.highest_of_client() < 950


def test_at_least_one_socket_is_allowed(hard_limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard_limit))

    assert descriptors.most_sockets() == 1


def test_limit_is_raised_as_far_as_it_may_be(hard_limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard_limit))

    descriptors.raise_limit()

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard_limit, hard_limit)
