"""Somebody guesses passwords or names, from one address or from many."""

import json
import uuid
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.api_server import ApiServer

_PASSWORD = "a good password"
_MOST = 20  # guesses until one is refused: by then a pause is longer than the slowest guess
_numbers = count(1)

Guess = Callable[[], tuple[int, str, int]]


def new_name() -> str:
    return f"user {uuid.uuid4().hex[:12]}"


@pytest.fixture
def address() -> str:
    """An address from which nobody has called yet."""
    return next(_addresses)


_addresses: Iterator[str] = (f"198.18.{n // 250}.{1 + n % 250}" for n in _numbers)


def sign_up(server: ApiServer, name: str, *, address: str) -> int:
    return server.post("/v1_0/users", _credentials(name, _PASSWORD), address=address)[0]


def log_in(server: ApiServer, name: str, password: str = "a guess", **options: str) -> tuple[int, str, int]:
    """Return the status, the message, and the seconds of Retry-After."""
    status, body, headers = server.post("/v1_0/authorizations", _credentials(name, password), **options)
    return status, json.loads(body).get("message", ""), int(headers.get("Retry-After", 0))


def guess_until_refused(guess: Guess) -> list[int]:
    """Guess until an answer is not 401; return all statuses."""
    statuses: list[int] = []
    while len(statuses) < _MOST and set(statuses) <= {401}:
        status, _, retry_after_seconds = guess()
        statuses.append(status)
    assert statuses[-1] == 429
    assert retry_after_seconds >= 1
    return statuses


def test_password_spraying_is_slowed_down(api_server: ApiServer, address: str) -> None:
    statuses = guess_until_refused(lambda: log_in(api_server, new_name(), address=address))

    assert len(statuses) > 4
    assert log_in(api_server, new_name(), address=next(_addresses))[0] == 401


def test_guessing_one_password_is_slowed_down_whatever_x_forwarded_for_claims(
    api_server: ApiServer, address: str
) -> None:
    name = new_name()

    statuses = guess_until_refused(
        lambda: log_in(api_server, name, address=address, X_Forwarded_For=f"{next(_addresses)}, unknown")
    )

    assert len(statuses) > 2


def test_distributed_guessing_does_not_lock_the_owner_out(api_server: ApiServer, address: str) -> None:
    name = new_name()
    assert sign_up(api_server, name, address=address) == 201
    assert log_in(api_server, name, _PASSWORD, address=address)[0] == 201

    statuses = guess_until_refused(lambda: log_in(api_server, name, address=next(_addresses)))

    assert len(statuses) > 4
    assert log_in(api_server, name, _PASSWORD, address=address)[0] == 201


def test_enumeration_by_name_shows_nothing(api_server: ApiServer, address: str) -> None:
    name, unknown = new_name(), new_name()
    assert sign_up(api_server, name, address=address) == 201

    def seen(guessed: str) -> set[tuple[int, str]]:
        guesser, answers = next(_addresses), set[tuple[int, str]]()

        def guess() -> tuple[int, str, int]:
            status, message, seconds = log_in(api_server, guessed, address=guesser)
            answers.add((status, message))
            return status, message, seconds

        guess_until_refused(guess)
        return answers

    assert seen(name) == seen(unknown)


def test_sign_up_flood_of_one_address_is_refused(api_server: ApiServer, address: str) -> None:
    assert [sign_up(api_server, new_name(), address=address) for _ in range(3)] == [201, 201, 429]

    assert sign_up(api_server, new_name(), address=next(_addresses)) == 201


def test_cross_site_call_with_the_origin_null_has_no_effect(api_server: ApiServer, address: str) -> None:
    name = new_name()
    body = _credentials(name, _PASSWORD)

    status, _, headers = api_server.post("/v1_0/users", body, address=address, Origin="null")

    assert (status, headers["Access-Control-Allow-Origin"]) == (403, None)
    assert sign_up(api_server, name, address=address) == 201


def _credentials(name: str, password: str) -> bytes:
    return json.dumps({"user_name": name, "password": password}).encode()
