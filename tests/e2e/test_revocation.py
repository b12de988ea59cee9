"""What one API process revokes, all others refuse."""

import http.client
from collections.abc import Iterator

import pytest

from tests.clients import Api
from tests.services import wait_until
from tests.system import System

REVOKED = (401, {"message": "the token is revoked"})


@pytest.fixture(scope="module")
def other(small: System) -> Iterator[Api]:
    """Another API process."""
    yield small.add_api("api2")
    small.processes.pop("api2").kill()


@pytest.fixture
def dying(small: System) -> Iterator[Api]:
    """An API process that dies between the commit of a revocation and its publication."""
    yield small.add_api("api3", FAILPOINT="after revocation")
    small.processes.pop("api3").kill()


def test_a_token_that_one_process_revokes_is_refused_by_the_other_within_a_second(small: System, other: Api) -> None:
    user = small.user()
    assert other.get("/v1_0/user", user)[0] == 200

    assert small.api.call("DELETE", "/v1_0/authorizations", token=user.token) == (204, "")

    wait_until(lambda: other.get("/v1_0/user", user) == REVOKED, seconds=1, what="the other process refuses the token")


def test_a_process_that_dies_before_it_publishes_leaves_that_to_a_worker(small: System, dying: Api) -> None:
    user = small.user()
    assert small.api.get("/v1_0/user", user)[0] == 200

    with pytest.raises((OSError, http.client.HTTPException)):
        dying.call("DELETE", "/v1_0/authorizations", token=user.token)

    wait_until(lambda: small.api.get("/v1_0/user", user) == REVOKED, seconds=20, what="the token is refused")
