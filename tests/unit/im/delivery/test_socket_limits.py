"""One user keeps the sockets that are in use, and anonymous clients leave room for users."""

import pytest
from prometheus_client import REGISTRY
from socketio.exceptions import ConnectionRefusedError

from im.delivery.closing import Closer
from im.delivery.delivery import Delivery
from im.delivery.socket_limits import SocketLimits
from tests.unit.im.fakes import CLIENT, FakeReplays, FakeSio, FakeSocket, claims_of, settle

USER = "7"


class Scenario:
    """The sockets of one user, named by numbers. At most three may be open."""

    def __init__(self) -> None:
        self.sio = FakeSio()
        self.delivery = Delivery(self.sio, FakeReplays())
        self.limits = SocketLimits(self.sio, self.delivery, Closer(self.sio), per_user=3, anonymous=2)
        self.sockets: dict[str, FakeSocket] = {}

    def connect(self, *sids: str) -> None:
        for sid in sids:
            self.sockets[sid] = self.sio.eio.sockets[sid] = FakeSocket()
            self.sio.members[sid] = sid
            self.delivery.open_cursor(sid, sid, claims_of(USER), CLIENT)
            self.limits.admit(USER)
            self.limits.close_idle(USER)

    @property
    def closed(self) -> set[str]:
        settle()
        return {sid for sid, socket in self.sockets.items() if socket.is_closed}


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


class TestSocketsOfOneUser:
    def test_sockets_up_to_the_limit_stay_open(self, scenario: Scenario) -> None:
        scenario.connect("1", "2", "3")

        assert scenario.closed == set()

    def test_without_events_the_oldest_socket_is_closed(self, scenario: Scenario) -> None:
        scenario.connect("1", "2", "3", "4")

        assert scenario.closed == {"1"}

    def test_socket_whose_last_event_is_oldest_is_closed(self, scenario: Scenario) -> None:
        scenario.connect("1", "2", "3")
        for sid in ("2", "1"):
            scenario.delivery.note_event(sid)

        scenario.connect("4", "5")

        assert scenario.closed == {"3", "2"}

    def test_closed_socket_is_told_why(self, scenario: Scenario) -> None:
        scenario.connect("1", "2", "3", "4")
        settle()

        [(event, data, room)] = scenario.sio.emitted
        assert (event, data["reason"], room) == ("closing", "too_many_sockets", "1")
        assert scenario.sio.disconnected == ["1"]
        assert scenario.sockets["1"].close_reason == "too_many_sockets"

    def test_each_new_socket_closes_one_more_while_others_are_still_closing(self, scenario: Scenario) -> None:
        scenario.connect("1", "2", "3", "4", "5", "6")

        assert scenario.closed == {"1", "2", "3"}

    def test_socket_that_has_left_meanwhile_is_not_closed(self, scenario: Scenario) -> None:
        scenario.connect("1", "2", "3")
        scenario.delivery.close_cursor("1")

        scenario.connect("4")

        assert scenario.closed == set()


class TestAnonymousSockets:
    def test_one_too_many_is_refused_and_counted(self, scenario: Scenario) -> None:
        sample = ("toutiao_im_refused_total", {"reason": "too_many_anonymous"})
        before = REGISTRY.get_sample_value(*sample) or 0
        scenario.limits.admit(None)
        scenario.limits.admit(None)

        with pytest.raises(ConnectionRefusedError, match="too_many_anonymous"):
            scenario.limits.admit(None)

        assert REGISTRY.get_sample_value(*sample) == before + 1

    def test_users_are_admitted_beside_them(self, scenario: Scenario) -> None:
        scenario.limits.admit(None)
        scenario.limits.admit(None)

        scenario.limits.admit(USER)

    def test_one_that_leaves_makes_room_and_a_user_that_leaves_does_not(self, scenario: Scenario) -> None:
        scenario.limits.admit(None)
        scenario.limits.admit(None)
        scenario.limits.admit(USER)
        scenario.limits.forget(USER)
        with pytest.raises(ConnectionRefusedError):
            scenario.limits.admit(None)

        scenario.limits.forget(None)

        scenario.limits.admit(None)
