"""Bodies that are slow to arrive keep only a few threads."""

from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Event

from flask import Flask, Request
from werkzeug.exceptions import ServiceUnavailable

from app.api import bodies


class SlowBody:
    """One byte, which is sent when it is told."""

    def __init__(self, is_sent: Event) -> None:
        self._is_sent = is_sent

    def read(self, _size: int = -1) -> bytes:
        self._is_sent.wait(30)
        return b"x"


def test_of_many_slow_bodies_some_are_refused_at_once() -> None:
    app = Flask(__name__)
    bodies.init_app(app, at_once=1, wait_seconds=60)
    is_sent = Event()

    def read() -> bytes | None:
        request = Request({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "1", "wsgi.input": SlowBody(is_sent)})
        with app.app_context():
            try:
                return bodies.read(request)
            except ServiceUnavailable:
                return None

    with ThreadPoolExecutor(6) as threads:
        reads = [threads.submit(read) for _ in range(6)]
        first = next(as_completed(reads, timeout=20)).result()
        is_sent.set()

        assert first is None
        assert [each.result() for each in reads].count(b"x") == 5
