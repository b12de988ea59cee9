"""The receiver delivers each message of the queue, or drops and counts it."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import wire
from core.signatures import Verifier, create_signer, without_signature
from im import metrics
from im.subscription.authenticity import Authenticate, Authenticator
from im.subscription.messages import LARGEST
from im.subscription.receiver import PushReceiver
from im.subscription.rooms import IndexedRooms
from im.transport import socketio_protocol
from tests.unit.im.fakes import FakeSocket, generous_limits, settle
from tests.unit.im.subscription.test_rooms import serving
from tests.unit.im.test_private_names import METHODS

FIELDS = ["event", "data", "namespace", "room", "sid", "skip_sid", "callback", "host_id", "binary", "id", "args"]
# Valid and invalid values of a field.
values = st.sampled_from(
    ["/", "7", None, 1, True, [], ["7"], [[]], {}, {"a": 1}, ["a", "/", 1], [{"_placeholder": True, "num": 9}, "x"]]
)
KEY = "k" * 32
sign = create_signer([KEY], "test", time.time)


class RealClock:
    """Redis' clock, where it is the same as this machine's."""

    def now(self, *, asked_within_seconds: float) -> float:
        return time.time()


def dropped() -> dict[str, float]:
    """Count the bad messages so far, by reason."""
    [family] = metrics.BAD_MESSAGES.collect()
    return {s.labels["reason"]: s.value for s in family.samples if s.name.endswith("_total")}


def canaries(rooms: IndexedRooms, count: int) -> list[bytes]:
    """Return what a server publishes as its canaries."""
    published: list[bytes] = []
    rooms.send = lambda message: published.append(message) or True  # type: ignore[func-returns-value, method-assign]
    for _ in range(count):
        rooms.publish_canary()
    return published


class Scenario:
    """The rooms of a server, and the pushes that it has delivered."""

    def __init__(self, *, authenticate: Authenticate = without_signature, **options: Any) -> None:
        self.rooms = serving(IndexedRooms(channel="test", **options))
        self.delivered: list[tuple[list[tuple[str, str]], Any]] = []
        self.canaries: list[int] = []
        self.receiver = PushReceiver(
            self.rooms, authenticate=authenticate, deliver=self._deliver, on_canary=self._on_canary
        )

    def enter(self, room: str) -> Any:
        sid = self.rooms.connect("eio", "/")
        self.rooms.basic_enter_room(sid, "/", room)
        return sid

    def receive(self, message: bytes) -> None:
        self.receiver.receive(message)

    def _deliver(self, members: list[tuple[str, str]], push: Any) -> None:
        self.delivered.append((members, push))

    def _on_canary(self, number: int) -> None:
        self.canaries.append(number)


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


class TestReceive:
    def test_each_push_of_a_message_is_delivered_to_its_room(self, scenario: Scenario) -> None:
        sid = scenario.enter("7")
        pushes = [
            wire.encode_push("7", b'42["a",1]', previous="1-0", offset="2-0"),
            wire.encode_push("8", b'42["a",2]'),
            wire.encode_push("", b'42["a",3]'),
        ]

        scenario.receive(wire.SEPARATOR.join(pushes))

        delivered = scenario.delivered
        assert [(members, push.packet) for members, push in delivered] == [
            ([(sid, "eio")], b'42["a",1]'),
            ([(sid, "eio")], b'42["a",3]'),
        ]
        assert (delivered[0][1].previous, delivered[0][1].offset) == (b"1-0", b"2-0")

    def test_bad_push_is_dropped_and_the_other_pushes_are_delivered(self, scenario: Scenario) -> None:
        scenario.enter("7")
        good = [wire.encode_push("7", b'42["n",%d]' % n) for n in range(3)]
        bad = [b"Pabc", b"5", b'"method"', b"P\xff\0\0\0" + b'42["n",9]', b"P7\0x\0y\0" + b'42["n",9]', b"P7\0\0\0\xff"]
        before = dropped()["push"]

        scenario.receive(wire.SEPARATOR.join([good[0], *bad[:3], good[1], *bad[3:], good[2]]))

        assert [push.packet for _, push in scenario.delivered] == [b'42["n",%d]' % n for n in range(3)]
        assert dropped()["push"] - before == len(bad)

    @pytest.mark.parametrize(
        ("message", "reason"),
        [
            (b"", "json"),
            (b"\xff", "json"),
            (b"5", "shape"),
            (b'"method"', "shape"),
            (b'{"method":"emit"}', "shape"),
            (b'{"method":"emit","event":"a"}', "failed"),
            (b'{"method":"emit","event":"a","data":1,"namespace":[]}', "failed"),
            (b'{"method":"emit","event":"a","data":1,"namespace":"/","room":5}', "failed"),
            (b'{"method":"emit","event":"a","data":1,"namespace":"/","room":[{}]}', "failed"),
            (
                b'{"method":"emit","event":"a","data":["x"],"namespace":"/","room":"7","binary":5,"callback":7}',
                "failed",
            ),
            (b'{"method":"enter_room","sid":"SID","namespace":"/","room":{}}', "failed"),
            (b'{"method":"disconnect","sid":[],"namespace":"/"}', "failed"),
            (b'{"method":"callback","host_id":"HOST","sid":[],"id":1,"args":[]}', "failed"),
            (b" " * (LARGEST + 1), "size"),
        ],
    )
    def test_bad_message_is_dropped_and_counted(self, message: bytes, reason: str) -> None:
        scenario = Scenario(may_control=True)
        sid = scenario.rooms.connect("eio", "/")
        before = dropped()

        scenario.receive(message.replace(b"SID", str(sid).encode()).replace(b"HOST", scenario.rooms.host_id.encode()))

        assert {name: count - before[name] for name, count in dropped().items() if count != before[name]} == {reason: 1}

    @settings(max_examples=300)
    @given(st.sampled_from([*METHODS, "nonce"]), st.dictionaries(st.sampled_from(FIELDS), values))
    def test_push_after_any_request_of_a_manager_is_delivered(self, method: str, fields: dict[str, object]) -> None:
        scenario = Scenario(may_control=True)
        scenario.rooms.connect("another", "/")

        scenario.receive(json.dumps({"method": method, **fields}).encode())

        sid = scenario.enter("8")
        scenario.receive(wire.encode_push("8", b'42["n",1]'))
        assert [members for members, _ in scenario.delivered] == [[(sid, "eio")]]

    def test_canary_of_this_server_is_reported(self, scenario: Scenario) -> None:
        for message in canaries(scenario.rooms, 2):
            scenario.receive(message)

        assert scenario.canaries == [1, 2]

    def test_canary_without_a_number_is_dropped(self, scenario: Scenario) -> None:
        before = dropped()

        scenario.receive(scenario.rooms.canary_start + b"}")

        assert (scenario.canaries, dropped()["shape"] - before["shape"]) == ([], 1)

    def test_canary_that_could_not_be_published_leaves_no_gap(self, scenario: Scenario) -> None:
        published: list[int] = []
        results = iter([True, False, True])

        def send(message: bytes) -> bool:
            published.append(json.loads(message)["number"])
            return next(results)

        scenario.rooms.send = send
        for _ in range(3):
            scenario.rooms.publish_canary()

        assert published == [1, 2, 2]

    def test_canary_of_another_server_is_ignored(self, scenario: Scenario) -> None:
        before = dropped()

        [message] = canaries(IndexedRooms(channel="test"), 1)
        scenario.receive(message)

        assert (scenario.canaries, dropped()) == ([], before)


class TestControl:
    @pytest.mark.parametrize(
        "request_",
        [
            {"method": "disconnect", "sid": "SID"},
            {"method": "enter_room", "sid": "SID", "room": "8"},
            {"method": "leave_room", "sid": "SID", "room": "7"},
            {"method": "close_room", "room": "7"},
            {"method": "emit", "event": "question", "data": [1], "room": "7", "callback": ["7", "/", 1]},
            {"method": "callback", "host_id": "HOST", "sid": "SID", "id": 1, "args": []},
        ],
        ids=lambda request: request["method"],
    )
    def test_request_that_does_more_than_emit_is_dropped(self, scenario: Scenario, request_: dict[str, Any]) -> None:
        sid = scenario.enter("7")
        before = dropped()["control"]
        message = json.dumps({"namespace": "/", "host_id": "foreign", **request_})

        scenario.receive(message.replace("SID", sid).replace("HOST", scenario.rooms.host_id).encode())

        assert scenario.rooms.get_rooms(sid, "/") == [sid, "7"]
        assert scenario.rooms.callbacks == {}
        assert dropped()["control"] - before == 1

    def test_request_is_obeyed_where_it_is_allowed(self) -> None:
        scenario = Scenario(may_control=True)
        sid = scenario.enter("7")

        scenario.receive(json.dumps({"method": "close_room", "room": "7", "namespace": "/"}).encode())

        assert scenario.rooms.get_rooms(sid, "/") == [sid]

    @pytest.mark.parametrize(("may_control", "count"), [(False, 0), (True, 1)])
    def test_server_publishes_no_request_that_the_others_would_drop(self, may_control: bool, count: int) -> None:
        rooms = Scenario(may_control=may_control).rooms
        published: list[bytes] = []
        rooms.send = published.append

        rooms.enter_room("a client of another server", "/", "7")

        assert len(published) == count


class TestWithKey:
    """The server accepts what is signed with its key."""

    @pytest.fixture
    def scenario(self) -> Scenario:
        authenticate = Authenticator(Verifier([KEY], "test"), RealClock()).authenticate
        return Scenario(authenticate=authenticate, sign=sign, may_control=True)

    def test_only_signed_pushes_are_delivered(self, scenario: Scenario) -> None:
        scenario.enter("7")
        before = dropped()
        push = wire.encode_push("7", b'42["n",1]')

        scenario.receive(push)
        scenario.receive(create_signer(["f" * 32], "test", time.time)(push))
        scenario.receive(signed := sign(push))
        scenario.receive(signed)

        assert len(scenario.delivered) == 1
        assert [dropped()[reason] - before[reason] for reason in ("unsigned", "signature", "replayed")] == [1, 1, 1]

    def test_only_signed_requests_are_obeyed(self, scenario: Scenario) -> None:
        sid = scenario.enter("7")
        request = json.dumps({"method": "close_room", "room": "7", "namespace": "/"}).encode()

        scenario.receive(request)
        assert scenario.rooms.get_rooms(sid, "/") == [sid, "7"]

        scenario.receive(sign(request))
        assert scenario.rooms.get_rooms(sid, "/") == [sid]

    def test_only_signed_canaries_count(self, scenario: Scenario) -> None:
        forged = wire.encode_canary(scenario.rooms.host_id, number=9)

        scenario.receive(forged)
        for message in canaries(scenario.rooms, 2):
            scenario.receive(message)

        assert scenario.canaries == [1, 2]

    def test_unsigned_canary_of_another_process_is_ignored(self, scenario: Scenario) -> None:
        before = dropped()

        scenario.receive(wire.encode_canary("the API has no key"))

        assert (scenario.canaries, dropped()) == ([], before)


def test_emit_of_a_manager_reaches_the_room_when_one_socket_fails() -> None:
    manager = IndexedRooms(channel="test")
    server = socketio_protocol.SocketIOServer(async_mode="threading", client_manager=manager, **generous_limits())
    broken, whole = FakeSocket(), FakeSocket()
    broken.is_broken = True
    server.eio.sockets = {"broken": broken, "whole": whole}
    for eio_sid in server.eio.sockets:
        manager.basic_enter_room(manager.connect(eio_sid, "/"), "/", "7")

    receiver = PushReceiver(manager, authenticate=without_signature, deliver=lambda *_: None, on_canary=lambda _: None)
    receiver.receive(b'{"method":"emit","event":"a","data":[1],"namespace":"/","room":"7"}')
    settle()

    assert (broken.is_closed, whole.is_closed) == (True, False)
    assert whole.written == [b'42["a",1]']
