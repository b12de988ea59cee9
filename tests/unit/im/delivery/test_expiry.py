"""A client is warned before its token ends, and its socket does not outlive the token for long."""

import pytest

from core.events import CLOSING, TOKEN_EXPIRING
from im.delivery.expiry import SWEEP_SECONDS, Expiry
from im.hub.timer_wheel import TimerWheel
from tests.unit.im.delivery.sockets import FakeClock, OpenSockets
from tests.unit.im.fakes import claims_of, settle

START = 1000.0


class Scenario(OpenSockets):
    """The wheel ticks once a second, and so does the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(START)
        self.wheel = TimerWheel(tick_seconds=1, longest_seconds=60)
        self.expiry = Expiry(self.sio, self.delivery, self.closer, wheel=self.wheel, grace_seconds=10, now=self.clock)
        self._seconds = 0

    def connect(self, sid: str, *, seconds: float) -> None:
        """Open a socket whose token ends in so many seconds."""
        self.expiry.watch(sid, self.open(sid, expires_at=self.clock.now + seconds))

    def wait(self, seconds: float) -> None:
        self.clock.pass_time(seconds, self._tick)

    def _tick(self) -> None:
        for timed in self.wheel.tick():
            timed.on_due()
        self._seconds += 1
        if self._seconds % SWEEP_SECONDS == 0:
            self.expiry.sweep()
        settle()


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


class TestExpiry:
    @pytest.mark.parametrize("seconds", [100, 500, 7200])
    def test_client_is_warned_a_minute_before_the_end_and_closed_after_the_grace(
        self, scenario: Scenario, seconds: int
    ) -> None:
        scenario.connect("a", seconds=seconds)
        scenario.wait(seconds - 61)
        assert scenario.got(TOKEN_EXPIRING) == []
        scenario.wait(4)
        assert scenario.got(TOKEN_EXPIRING) == ["a"]
        scenario.wait(66)
        assert scenario.closed == {}

        scenario.wait(4)

        assert scenario.closed == {"a": "token_expired"}
        assert scenario.got(TOKEN_EXPIRING) == scenario.got(CLOSING) == ["a"]
        assert len(scenario.expiry) == len(scenario.wheel) == 0

    def test_client_whose_token_ends_soon_is_warned_at_once(self, scenario: Scenario) -> None:
        scenario.connect("a", seconds=5)

        scenario.wait(3)

        assert scenario.sio.emitted == [(TOKEN_EXPIRING, {"expires_at": START + 5}, "a")]

    def test_socket_with_a_new_token_stays_and_is_warned_again(self, scenario: Scenario) -> None:
        scenario.connect("a", seconds=5)
        scenario.wait(3)
        cursor = scenario.delivery.cursor("a")
        assert cursor is not None

        cursor.renew(claims_of("7", expires_at=scenario.clock.now + 100))
        scenario.expiry.watch("a", cursor)

        scenario.wait(60)
        assert scenario.got(TOKEN_EXPIRING) == ["a", "a"]
        assert scenario.closed == {}

    def test_socket_that_has_left_is_forgotten(self, scenario: Scenario) -> None:
        scenario.connect("a", seconds=5)
        scenario.delivery.close_cursor("a")
        scenario.expiry.forget("a")

        scenario.wait(30)

        assert scenario.sio.emitted == []
        assert len(scenario.expiry) == len(scenario.wheel) == 0

    def test_far_ends_take_no_room_on_the_wheel(self, scenario: Scenario) -> None:
        scenario.connect("a", seconds=14 * 86400)

        assert len(scenario.wheel) == 0

    def test_socket_that_fails_does_not_stop_the_others(self, scenario: Scenario) -> None:
        for sid in "abc":
            scenario.connect(sid, seconds=5)
        scenario.sockets["b"].is_broken = True

        scenario.wait(3)

        assert sorted(scenario.got(TOKEN_EXPIRING)) == ["a", "c"]
        assert scenario.closed == {"b": None}

    def test_clock_that_is_set_back_gives_the_time_back(self, scenario: Scenario) -> None:
        scenario.connect("a", seconds=5)
        scenario.wait(3)

        scenario.clock.now -= 3600
        scenario.wait(3500)

        assert scenario.closed == {}

    def test_clock_that_is_set_forward_is_noticed_within_two_minutes(self, scenario: Scenario) -> None:
        scenario.connect("a", seconds=7200)

        scenario.clock.now += 7200
        scenario.wait(2 * SWEEP_SECONDS)

        assert scenario.closed == {"a": "token_expired"}
