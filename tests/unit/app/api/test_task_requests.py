"""Task requests never block the caller, whatever the broker does."""

import subprocess
import sys
import threading
from typing import Any

from kombu import Connection, Queue

from app.api.task_requests import FAILED, TaskRequests
from core import events
from core.keys import Keys
from tests.services import wait_until
from tests.system import ROOT

SECONDS = 10


class FakeBroker:
    """Accepts messages; while it is not `open`, a sender waits."""

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
    def test_dispatch_request_is_sent(self) -> None:
        broker = FakeBroker()

        TaskRequests("", broker.send).dispatch()

        assert broker.wait_for(1) == [DISPATCH]

    def test_silent_broker_blocks_no_caller_and_requests_are_merged(self) -> None:
        broker = FakeBroker()
        broker.open.clear()
        requests = TaskRequests("", broker.send)
        requests.dispatch()
        wait_until(lambda: broker.tries == 1, seconds=SECONDS, what="the first request is being sent")

        for user_id in ("8", "7", "8"):
            requests.dispatch()
            requests.tell_state(user_id, ("read_at",), [int(user_id)])
        broker.open.set()

        marks = [(user_id, [[["read_at"], [int(user_id)], False]]) for user_id in ("8", "7")]
        told = [(events.TELL_STATE_TASK, {"user_id": user_id, "marks": of_user}) for user_id, of_user in marks]
        assert broker.wait_for(4) == [DISPATCH, DISPATCH, *told]

    def test_refusing_broker_is_retried_and_counted(self) -> None:
        failures = FAILED.labels(events.DISPATCH_TASK)._value
        before = failures.get()
        broker = FakeBroker(failures=2)

        TaskRequests("", broker.send).dispatch()

        assert broker.wait_for(1) == [DISPATCH]
        assert failures.get() - before == 2

    def test_expiry_is_counted_by_the_broker(self) -> None:
        # In memory, so that only this test takes the messages.
        url = "memory://"
        requests = TaskRequests(url)
        requests.dispatch()
        requests.tell_state("7", ("read_at",), [1])

        with Connection(url) as connection:
            for name in (Keys().dispatches, Keys().notifications):
                with connection.SimpleQueue(Queue(name)) as queue:
                    message = queue.get(timeout=SECONDS)
                assert message.headers["expires"] is None
                assert message.properties["expiration"] == str(24 * 3600 * 1000)

    def test_forked_children_send_requests(self) -> None:
        # In a new process, because threads and eventlet make a fork of this one unsafe.
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKING], cwd=ROOT, timeout=60, check=False)

        assert done.returncode == 0


FORKING = """
import os, threading
from app.api.task_requests import TaskRequests

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
