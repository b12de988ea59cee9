"""A server that stops closes every client, without telling it to stay away, and sends what waits for it."""

import time
from types import SimpleNamespace

import eventlet
import pytest

from im import drain, metrics
from tests.unit.im.fakes import FakeSio, FakeSocket, settle


class QuietSocket(FakeSocket):
    def __init__(self) -> None:
        super().__init__()
        self.queue = SimpleNamespace(empty=lambda: True)
        self.options: dict[str, object] = {}

    def close(self, **options: object) -> None:
        self.options = options


@pytest.fixture
def sio() -> FakeSio:
    sio = FakeSio()
    sio.eio.sockets.update({str(i): QuietSocket() for i in range(5)})
    return sio


def test_every_client_is_closed_so_that_it_comes_back(sio: FakeSio) -> None:
    drain.drain(sio, seconds=0)
    settle()
    assert [socket.options for socket in sio.eio.sockets.values()] == [{"wait": False, "abort": True}] * 5


def test_what_waits_for_a_slow_client_is_sent_first(sio: FakeSio, monkeypatch: pytest.MonkeyPatch) -> None:
    hot = metrics.Hot()
    hot.waiting_frames = 1
    monkeypatch.setattr(metrics, "HOT", hot)
    eventlet.spawn_after(0.02, setattr, hot, "waiting_frames", 0)

    drain.drain(sio, seconds=0)

    assert hot.waiting_frames == 0


def test_but_nobody_waits_for_ever(sio: FakeSio, monkeypatch: pytest.MonkeyPatch) -> None:
    hot = metrics.Hot()
    hot.waiting_frames = 1
    monkeypatch.setattr(metrics, "HOT", hot)
    monkeypatch.setattr(drain, "_FLUSH_SECONDS", 0.1)
    started_at = time.monotonic()

    drain.drain(sio, seconds=0)

    assert time.monotonic() - started_at >= 0.1
