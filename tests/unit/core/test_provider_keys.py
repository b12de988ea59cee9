"""The keys of a provider are fetched seldom, by one thread, and the last good copy is kept."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.jwks import Unavailable
from core.provider_keys import KeysUnknown, ProviderKeys
from core.public_keys import PublicKey, of
from tests.services import wait_until
from tests.token_keys import SigningKey

OLD, NEW = (SigningKey("EC", kid) for kid in ("old", "new"))


class Source:
    """Answers the fetches of a test."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys = keys
        self.fetches = 0
        self.is_down = False
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self) -> tuple[PublicKey, ...]:
        self.fetches += 1
        assert self.may_answer.wait(30)
        if self.is_down:
            raise Unavailable("away")
        return tuple(of(key.public, key.kid) for key in self.keys)


def follow(
    source: Callable[[], tuple[PublicKey, ...]], *, wait: float = 30, least: float = 600, most: int = 9
) -> ProviderKeys:
    return ProviderKeys(source, most_waiting=most, wait_seconds=wait, least_seconds=least)


def test_first_caller_waits_for_the_keys_and_later_ones_do_not() -> None:
    source = Source(OLD)
    keys = follow(source)

    assert [key.id for key in keys.find("old", "ES256")] == ["old"]
    source.may_answer.clear()
    assert keys.find("old", "ES256")
    assert source.fetches == 1


def test_key_is_found_by_its_id_and_its_algorithm() -> None:
    keys = follow(Source(OLD, NEW, SigningKey("OKP", None)))

    assert [key.id for key in keys.find("new", "ES256")] == ["new"]
    assert not keys.find("new", "RS256")
    assert not keys.find(None, "ES256")  # two may be meant
    assert len(keys.find(None, "EdDSA")) == 1


def test_flood_of_unknown_ids_causes_no_second_fetch() -> None:
    source = Source(OLD)
    keys = follow(source)
    keys.find("old", "ES256")

    assert not any(keys.find(f"unknown {number}", "ES256") for number in range(1000))
    assert source.fetches == 1


def test_unknown_ids_that_come_together_share_one_fetch() -> None:
    source = Source(OLD)
    source.may_answer.clear()
    keys = follow(source)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(keys.find, "old", "ES256") for _ in range(8)]
        wait_until(lambda: source.fetches == 1, seconds=10, what="the fetch has begun")
        source.may_answer.set()

        assert all(each.result(timeout=30) for each in found)
    assert source.fetches == 1


def test_new_key_is_fetched_when_a_token_names_it() -> None:
    source = Source(OLD)
    keys = follow(source, least=0)
    keys.find("old", "ES256")
    source.keys = (NEW,)

    assert keys.find("new", "ES256")
    assert not keys.find("old", "ES256")


def test_unknown_id_within_the_pause_is_fetched_after_it() -> None:
    source = Source(OLD)
    keys = follow(source, least=0.2)
    keys.find("old", "ES256")
    source.keys = (OLD, NEW)

    wait_until(lambda: bool(keys.find("new", "ES256")), seconds=20, what="the new key is known")


def test_provider_that_is_away_costs_no_known_key() -> None:
    source = Source(OLD)
    keys = follow(source, least=0)
    keys.find("old", "ES256")
    source.is_down = True

    with pytest.raises(KeysUnknown):
        keys.find("new", "ES256")
    assert keys.find("old", "ES256")
    assert keys.failure() is None


def test_unexpected_error_ends_no_thread() -> None:
    answers = iter([ZeroDivisionError, Unavailable])

    def fetch() -> tuple[PublicKey, ...]:
        for error in answers:
            raise error("broken")
        return (of(OLD.public, OLD.kid),)

    keys = follow(fetch, least=0)
    for _ in range(2):
        with pytest.raises(KeysUnknown):
            keys.find("old", "ES256")

    assert keys.find("old", "ES256")


def test_process_that_starts_while_the_provider_is_away_asks_again_by_itself() -> None:
    source = Source(OLD)
    source.is_down = True
    keys = follow(source)

    with pytest.raises(KeysUnknown):
        keys.find("old", "ES256")
    assert "away" in (keys.failure() or "")
    source.is_down = False
    wait_until(lambda: keys.failure() is None, seconds=30, what="the keys are known")


def test_only_some_wait_and_each_for_a_bounded_time() -> None:
    source = Source(OLD)
    source.may_answer.clear()

    with pytest.raises(KeysUnknown):
        follow(source, wait=0.05).find("old", "ES256")
    with pytest.raises(KeysUnknown):
        follow(source, wait=600, most=0).find("old", "ES256")
    source.may_answer.set()


def test_pauses_after_failures_grow_within_a_bound() -> None:
    keys = follow(Source())
    pauses = []
    for _ in range(12):
        keys._note((), "away")
        pauses.append(keys._pause_seconds)

    assert pauses[0] <= 1
    assert 4 < pauses[3] <= 8
    assert 40 < pauses[-1] <= 60
