"""Who guesses passwords has to wait longer and longer. The owner of the name does not, at an address that is known."""

import pytest

from app.services.login_pauses import Allowance, Counts, LoginPauses, TooManyFailures
from app.services.memory_counts import MemoryCounts
from core.cache import Disconnected

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.1"
PER_PAIR, PER_NAME, PER_ADDRESS = 3, 20, 40
MORE = 8  # failures beyond what is free: the pause is then 128 s, which no slow machine uses up


class Unavailable(MemoryCounts):
    """Answers nothing, as a Redis that is down."""

    def get(self, key: str) -> int:
        raise Disconnected("not there")

    def clear(self, key: str) -> None:
        raise Disconnected("not there")


@pytest.fixture(params=[MemoryCounts, Unavailable], ids=["available", "unavailable"])
def pauses(request: pytest.FixtureRequest) -> LoginPauses:
    return pauses_on(request.param(10_000))


def pauses_on(storage: Counts) -> LoginPauses:
    return LoginPauses(storage, per_pair=PER_PAIR, per_name=PER_NAME, per_address=PER_ADDRESS, longest_seconds=900)


def fail(pauses: LoginPauses, count: int, *, name: str = "ann", address: str = ELSEWHERE) -> None:
    for _ in range(count):
        pauses.note_failure(name, address)


def wait(pauses: LoginPauses, name: str = "ann", address: str = ELSEWHERE) -> tuple[str, int] | None:
    """Return why and for how long an attempt has to wait."""
    try:
        pauses.check(name, address)
    except TooManyFailures as error:
        return error.reason, error.retry_after_seconds
    return None


def reason(waited: tuple[str, int] | None) -> str | None:
    return waited and waited[0]


class TestAllowance:
    def test_pause_doubles_up_to_its_longest(self) -> None:
        allowance = Allowance(failures=3, longest_seconds=900)

        pauses = [allowance.pause_after(failures) for failures in range(16)]

        assert pauses == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
        assert allowance.pause_after(10**9) == 900


class TestPauses:
    def test_a_few_failures_are_free(self, pauses: LoginPauses) -> None:
        fail(pauses, PER_PAIR)

        assert wait(pauses) is None

    def test_pause_grows_with_each_further_failure(self, pauses: LoginPauses) -> None:
        fail(pauses, PER_PAIR + MORE)
        first = wait(pauses)
        fail(pauses, 2)
        later = wait(pauses)

        assert first is not None
        assert later is not None
        assert first[1] <= 128 < later[1] <= 512

    def test_other_name_and_other_address_are_free(self, pauses: LoginPauses) -> None:
        fail(pauses, PER_PAIR + MORE)

        assert wait(pauses, name="bob") is None
        assert wait(pauses, address=HOME) is None

    @pytest.mark.parametrize("other_form", ["ANN", " Ann ", "\uff41nn"])
    def test_name_in_another_form_is_the_same(self, pauses: LoginPauses, other_form: str) -> None:
        fail(pauses, PER_PAIR + MORE)

        assert wait(pauses, name=other_form) is not None

    def test_success_ends_the_pause(self, pauses: LoginPauses) -> None:
        fail(pauses, PER_PAIR + MORE)

        pauses.note_success("ann", ELSEWHERE)
        fail(pauses, PER_PAIR)

        assert wait(pauses) is None


class TestDistributedGuessing:
    def test_name_has_a_pause_after_failures_from_many_addresses(self, pauses: LoginPauses) -> None:
        for n in range(PER_NAME + MORE):
            fail(pauses, 1, address=f"198.51.100.{n}")

        assert reason(wait(pauses, address=HOME)) == "logins_of_name"

    def test_pause_of_a_name_stays_short(self, pauses: LoginPauses) -> None:
        for n in range(PER_NAME + 20):
            fail(pauses, 1, address=f"198.51.100.{n}")

        waited = wait(pauses, address=HOME)

        assert waited is not None
        assert waited[1] <= 60

    def test_owner_is_not_locked_out_at_a_known_address(self, pauses: LoginPauses) -> None:
        pauses.note_success("ann", HOME)
        for n in range(PER_NAME + 20):
            fail(pauses, 1, address=f"198.51.100.{n}")

        assert wait(pauses, address=HOME) is None

    def test_known_address_has_a_pause_of_its_own(self, pauses: LoginPauses) -> None:
        pauses.note_success("ann", HOME)
        fail(pauses, PER_PAIR + MORE, address=HOME)

        assert reason(wait(pauses, address=HOME)) == "logins"


class TestSpraying:
    def test_address_has_a_pause_after_failures_of_many_names(self, pauses: LoginPauses) -> None:
        for n in range(PER_ADDRESS + MORE):
            fail(pauses, 1, name=f"user {n}")

        assert reason(wait(pauses, name="somebody else")) == "logins_of_address"

    def test_own_log_in_does_not_end_the_pause(self, pauses: LoginPauses) -> None:
        for n in range(PER_ADDRESS + MORE):
            fail(pauses, 1, name=f"user {n}")

        pauses.note_success("the attacker", ELSEWHERE)

        assert wait(pauses, name="somebody else") is not None
        assert wait(pauses, name="the attacker") is None


def test_memory_is_bounded_while_redis_is_unavailable() -> None:
    pauses = pauses_on(Unavailable(0))
    for n in range(10_100):
        fail(pauses, 1, name=f"user {n}", address=f"address {n}")

    assert len(pauses._memory) <= 10_003
