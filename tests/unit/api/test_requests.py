"""Word is left for the workers without making anybody wait, whatever the broker does."""

import subprocess
import sys
import threading
from typing import Any

from kombu import Connection, Queue

from app import events
from app.api.requests import FAILED, TaskRequests
from tests.services import wait_until
from tests.system import ROOT

SECONDS = 10


class FakeBroker:
    """Takes what it is sent; while it is not `open`, whoever sends waits."""

    def __init__(self, *, failures: int = 0) -> None:
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.tries = 0
        self.open = threading.Event()
        self.open.set()
        self._failures = failures

    def send(self, task: str, arguments: dict[str, object]) -> None:
        self.tries += 1
        self.open.wait(SECONDS)
        if self.tries <= self._failures:
            raise ConnectionRefusedError("away")
        self.taken.append((task, arguments))

    def wait_for(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        wait_until(lambda: len(self.taken) >= count, seconds=SECONDS, what=f"{count} tasks")
        return self.taken


DISPATCH = (events.DISPATCH_TASK, {})


class TestTaskRequests:
    def test_a_dispatch_is_sent(self) -> None:
        broker = FakeBroker()

        TaskRequests("", broker.send).dispatch()

        assert broker.wait_for(1) == [DISPATCH]

    def test_nobody_waits_for_a_broker_that_is_silent_and_many_make_one(self) -> None:
        broker = FakeBroker()
        broker.open.clear()
        requests = TaskRequests("", broker.send)
        requests.dispatch()
        wait_until(lambda: broker.tries == 1, seconds=SECONDS, what="the first is being sent")

        for user_id in (8, 7, 8):
            requests.dispatch()
            requests.tell_unread(user_id)
        broker.open.set()

        assert broker.wait_for(3) == [DISPATCH, DISPATCH, (events.TELL_UNREAD_TASK, {"user_ids": [7, 8]})]

    def test_a_broker_that_refuses_is_tried_again_and_counted(self) -> None:
        failures = FAILED.labels(events.DISPATCH_TASK)._value
        before = failures.get()
        broker = FakeBroker(failures=2)

        TaskRequests("", broker.send).dispatch()

        assert broker.wait_for(1) == [DISPATCH]
        assert failures.get() - before == 2

    def test_how_long_it_is_kept_is_for_the_broker_to_count(self) -> None:
        # In memory, so nothing is there to take what is sent but this.
        url = "memory://"
        requests = TaskRequests(url)
        requests.dispatch()
        requests.tell_unread(7)

        with Connection(url) as connection:
            for name in (events.DISPATCH_QUEUE, events.QUEUE):
                with connection.SimpleQueue(Queue(name)) as queue:
                    message = queue.get(timeout=SECONDS)
                assert message.headers["expires"] is None
                assert message.properties["expiration"] == str(24 * 3600 * 1000)

    def test_a_server_that_forks_after_it_was_loaded_sends_from_its_children(self) -> None:
        # In a process of its own: threads and eventlet make a fork of this one unsafe.
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKING], cwd=ROOT, timeout=60, check=False)

        assert done.returncode == 0


FORKING = """
import os, threading
from app.api.requests import TaskRequests

sent = threading.Event()
requests = TaskRequests("", lambda *_: sent.set())
requests.dispatch()
assert sent.wait(10)
sent.clear()
child = os.fork()
if child == 0:
    requests.dispatch()
    os._exit(not sent.wait(10))
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
