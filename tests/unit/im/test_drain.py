"""A graceful stop closes every client so that it reconnects, and first sends what waits for slow clients."""

import time
from types import SimpleNamespace

import eventlet
import pytest

from im import drain, metrics
from tests.unit.im.fakes import FakeSio, FakeSocket, settle


class SocketWithEmptyQueue(FakeSocket):
    def __init__(self) -> None:
        super().__init__()
        self.queue = SimpleNamespace(empty=lambda: True)
        self.options: dict[str, object] = {}

    def close(self, **options: object) -> None:
        self.options = options


@pytest.fixture
def sio() -> FakeSio:
    sio = FakeSio()
    sio.eio.sockets.update({str(i): SocketWithEmptyQueue() for i in range(5)})
    return sio


def test_drain_closes_every_client_so_that_it_reconnects(sio: FakeSio) -> None:
    drain.drain(sio.eio.sockets, seconds=0)
    settle()
    assert [socket.options for socket in sio.eio.sockets.values()] == [{"wait": False, "abort": True}] * 5


def test_drain_waits_until_slow_clients_got_their_frames(sio: FakeSio, monkeypatch: pytest.MonkeyPatch) -> None:
    hot = metrics.HotCounters()
    hot.waiting_frames = 1
    monkeypatch.setattr(metrics, "HOT", hot)
    eventlet.spawn_after(0.02, setattr, hot, "waiting_frames", 0)

    drain.drain(sio.eio.sockets, seconds=0)

    assert hot.waiting_frames == 0


def test_drain_stops_waiting_for_slow_clients_at_its_deadline(sio: FakeSio, monkeypatch: pytest.MonkeyPatch) -> None:
    hot = metrics.HotCounters()
    hot.waiting_frames = 1
    monkeypatch.setattr(metrics, "HOT", hot)
    monkeypatch.setattr(drain, "_FLUSH_SECONDS", 0.1)
    started_at = time.monotonic()

    drain.drain(sio.eio.sockets, seconds=0)

    assert time.monotonic() - started_at >= 0.1
