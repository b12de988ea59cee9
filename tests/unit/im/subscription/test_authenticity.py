"""A signed message is accepted once, and soon after it was published."""

import secrets
from collections.abc import Callable

import pytest

from core.signatures import Sign, Verifier, create_signer
from im.subscription import authenticity
from im.subscription.authenticity import FRESH_SECONDS, Authenticator, create_authenticate
from im.subscription.messages import BadMessage

KEY = secrets.token_hex(32)
CHANNEL = "socketio"
VERIFIER = Verifier([KEY], CHANNEL)


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 1_764_345_600.0
        self.asked: list[float] = []

    def now(self, *, asked_within_seconds: float) -> float:
        self.asked.append(asked_within_seconds)
        return self.seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server(clock: FakeClock) -> Authenticator:
    return Authenticator(VERIFIER, clock)


@pytest.fixture
def worker(clock: FakeClock) -> Sign:
    return create_signer([KEY], CHANNEL, lambda: clock.seconds)


def refused(authenticate: Callable[[bytes], bytes], message: bytes) -> str:
    with pytest.raises(BadMessage) as raised:
        authenticate(message)
    return raised.value.reason


class TestAuthenticate:
    def test_signed_message_is_accepted_without_its_signature(self, server: Authenticator, worker: Sign) -> None:
        assert server.authenticate(worker(b"a message")) == b"a message"

    def test_unsigned_and_forged_messages_are_refused(self, server: Authenticator, clock: FakeClock) -> None:
        forged = create_signer(["f" * 32], CHANNEL, lambda: clock.seconds)(b"a message")

        assert refused(server.authenticate, b"a message") == "unsigned"
        assert refused(server.authenticate, forged) == "signature"

    def test_message_is_accepted_once(self, server: Authenticator, worker: Sign) -> None:
        messages = [worker(b"%d" % number) for number in range(3)]
        for message in messages:
            server.authenticate(message)

        assert [refused(server.authenticate, message) for message in messages] == ["replayed"] * 3

    def test_messages_may_change_places(self, server: Authenticator, worker: Sign) -> None:
        first, second, third = (worker(b"%d" % number) for number in range(3))

        for message in (first, third, second):
            server.authenticate(message)

        assert refused(server.authenticate, second) == "replayed"

    def test_message_that_many_have_overtaken_is_refused(self, server: Authenticator, worker: Sign) -> None:
        first, late = worker(b"first"), worker(b"late")
        server.authenticate(first)
        for _ in range(authenticity._WINDOW):
            server.authenticate(worker(b"next"))

        assert refused(server.authenticate, late) == "replayed"

    def test_what_a_sender_published_before_its_first_message_here_is_refused(
        self, server: Authenticator, worker: Sign
    ) -> None:
        before, first = worker(b"before"), worker(b"first")
        server.authenticate(first)

        assert refused(server.authenticate, before) == "replayed"

    def test_old_message_of_an_unknown_sender_is_refused(
        self, server: Authenticator, worker: Sign, clock: FakeClock
    ) -> None:
        recorded = worker(b"a message")
        clock.seconds += FRESH_SECONDS + 1

        assert refused(server.authenticate, recorded) == "stale"

    def test_late_message_of_a_known_sender_is_accepted(
        self, server: Authenticator, worker: Sign, clock: FakeClock
    ) -> None:
        server.authenticate(worker(b"first"))
        late = worker(b"late")
        clock.seconds += 10 * FRESH_SECONDS

        assert server.authenticate(late) == b"late"

    def test_clock_is_asked_again_before_a_message_counts_as_old(
        self, server: Authenticator, worker: Sign, clock: FakeClock
    ) -> None:
        recorded = worker(b"a message")
        clock.seconds += FRESH_SECONDS + 1

        refused(server.authenticate, recorded)

        assert clock.asked[-1] <= 1

    def test_message_without_a_key_is_accepted_with_or_without_a_signature(
        self, worker: Sign, clock: FakeClock
    ) -> None:
        authenticate = create_authenticate([], CHANNEL, clock)

        assert authenticate(worker(b"a message")) == authenticate(b"a message") == b"a message"


class TestSenders:
    def test_replay_of_a_forgotten_sender_is_old(
        self, server: Authenticator, worker: Sign, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message = worker(b"a message")
        server.authenticate(message)
        now = authenticity.time.monotonic()
        monkeypatch.setattr(authenticity.time, "monotonic", lambda: now + 2 * FRESH_SECONDS + 1)
        clock.seconds += 2 * FRESH_SECONDS + 1

        server.authenticate(create_signer([KEY], CHANNEL, lambda: clock.seconds)(b"of another sender"))

        assert len(server._senders) == 1
        assert refused(server.authenticate, message) == "stale"

    def test_number_of_senders_is_bounded(
        self, server: Authenticator, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(authenticity, "_MOST_SENDERS", 3)
        for _ in range(5):
            server.authenticate(create_signer([KEY], CHANNEL, lambda: clock.seconds)(b"a message"))

        assert len(server._senders) == 3
