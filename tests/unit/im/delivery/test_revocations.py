"""Revoked sockets are closed, revoked tokens are refused, and a server that knows nothing accepts no token."""

import pytest
from redis.exceptions import ConnectionError as Disconnected

from core.events import CLOSING
from core.revocation_stream import BEGINNING, Closing, Entry, Read
from core.revoked_tokens import Revocation
from im.delivery.revocations import Revocations, Unknown
from tests.unit.im.delivery.sockets import FakeClock, OpenSockets
from tests.unit.im.fakes import claims_of

USER = "7"
STALE_SECONDS = 60
ALL = Revocation(USER, created_at=2000, issued_until=2000)
FAMILY = Revocation(USER, created_at=2000, family="lost")


class FakeStream:
    """A stream whose positions are numbers, and which returns one entry at a time."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.filled_on: str | None = None
        self.is_unavailable = False
        self.waits: list[float] = []

    def read(self, position: str, *, wait_seconds: float = 0) -> Read:
        if self.is_unavailable:
            raise Disconnected("unavailable")
        self.waits.append(wait_seconds)
        number = 0 if position == BEGINNING else int(position)
        found = self.entries[number : number + 1]
        position = str(number + 1) if found else position
        return Read(found, position, self.filled_on, is_last=number + 1 >= len(self.entries))


class Scenario(OpenSockets):
    def __init__(self) -> None:
        super().__init__()
        self.stream = FakeStream()
        self.clock = FakeClock()
        self.revocations = Revocations(
            self.stream,  # type: ignore[arg-type]
            self.delivery,
            self.closer,
            stale_seconds=STALE_SECONDS,
            clock=self.clock,
        )

    def append(self, *entries: Entry) -> None:
        self.stream.entries += entries
        self.revocations.read()

    def fail_to_read(self) -> None:
        self.stream.is_unavailable = True
        assert not self.revocations._try_to_read()

    def is_revoked(self, family: str = "family") -> bool:
        return self.revocations.is_revoked(claims_of(USER, family=family))


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


class TestClosing:
    def test_all_sockets_of_a_user_are_closed_and_told_why(self, scenario: Scenario) -> None:
        for sid in ("a", "b"):
            scenario.open(sid)

        scenario.append(ALL)

        assert scenario.closed == {"a": "token_revoked", "b": "token_revoked"}
        assert sorted(scenario.got(CLOSING)) == scenario.sio.disconnected == ["a", "b"]

    def test_socket_of_another_user_stays_also_in_the_same_room(self, scenario: Scenario) -> None:
        scenario.open("a")
        scenario.open("b", USER + "1")

        scenario.append(ALL)

        assert scenario.closed == {"a": "token_revoked"}

    def test_only_sockets_of_a_revoked_family_are_closed(self, scenario: Scenario) -> None:
        scenario.open("a", family="lost")
        scenario.open("b")

        scenario.append(FAMILY)

        assert scenario.closed == {"a": "token_revoked"}

    def test_one_socket_is_closed_for_its_own_user_alone(self, scenario: Scenario) -> None:
        for sid in ("a", "b", "c"):
            scenario.open(sid)

        scenario.append(Closing(USER, "a"), Closing(USER + "1", "b"), Closing(USER, "unknown"))

        assert scenario.closed == {"a": "session_closed"}

    def test_entries_that_are_read_again_change_nothing(self, scenario: Scenario) -> None:
        scenario.open("a")
        scenario.append(ALL)
        assert scenario.closed == {"a": "token_revoked"}

        scenario.fail_to_read()
        scenario.stream.is_unavailable = False
        scenario.revocations.read()

        assert scenario.closed == {"a": "token_revoked"}
        assert scenario.got(CLOSING) == ["a"]

    def test_stream_that_was_filled_again_is_read_from_the_beginning(self, scenario: Scenario) -> None:
        scenario.append(Closing(USER, "unknown"), Closing(USER, "unknown"))
        scenario.open("a")

        scenario.stream.entries = [ALL]
        scenario.stream.filled_on = "another server"
        scenario.revocations.read()

        assert scenario.closed == {"a": "token_revoked"}


class TestTokens:
    def test_revoked_tokens_are_known_and_others_are_not(self, scenario: Scenario) -> None:
        scenario.append(FAMILY)

        assert scenario.is_revoked("lost")
        assert not scenario.is_revoked("other")

    def test_before_the_first_read_nothing_is_known(self, scenario: Scenario) -> None:
        with pytest.raises(Unknown):
            scenario.is_revoked()

    def test_server_that_can_not_read_goes_on_with_what_it_knows_for_a_while(self, scenario: Scenario) -> None:
        scenario.append(FAMILY)
        scenario.fail_to_read()

        scenario.clock.now += STALE_SECONDS
        assert scenario.is_revoked("lost")
        assert not scenario.is_revoked("other")
        assert scenario.revocations.failure() is None

        scenario.clock.now += 1
        assert scenario.revocations.failure() == "not read for 61 s, so no token is accepted"
        with pytest.raises(Unknown):
            scenario.is_revoked()

    def test_only_the_first_read_does_not_wait_also_while_nothing_is_revoked(self, scenario: Scenario) -> None:
        for _ in range(3):
            scenario.revocations.read(wait_seconds=2)

        assert scenario.stream.waits == [0, 2, 2]

    def test_server_that_reads_again_accepts_tokens_again(self, scenario: Scenario) -> None:
        scenario.append(FAMILY)
        scenario.clock.now += STALE_SECONDS + 1

        scenario.revocations.read()

        assert not scenario.is_revoked("other")
