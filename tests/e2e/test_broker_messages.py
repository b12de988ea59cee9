"""A broker message that is no task is dropped and counted; the worker continues with the next one."""

import base64
import json
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection
from redis import Redis

from core import events
from core.keys import Keys
from tests.services import wait_until
from tests.system import System

SECONDS = 30
HEADERS = {"lang": "py", "task": events.DISPATCH_TASK, "id": "1"}
TELL_UNREAD = {**HEADERS, "task": events.TELL_UNREAD_TASK}
TELL_STATE = {**HEADERS, "task": events.TELL_STATE_TASK}

# What a producer may send through any broker: body, changed properties, and the reason under which it is counted.
BAD: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "5": (b"5", {}, "body"),
    "null": (b"null", {}, "body"),
    "a list of another shape": (b"[1, 2]", {}, "body"),
    "a list of the same length": (b'[1, 2, "3"]', {}, "body"),
    "a dict of the same length": (b'{"a": 1, "b": 2, "c": 3}', {}, "body"),
    "a text of the same length": (b'"abc"', {}, "body"),
    "nothing": (b"", {}, "body"),
    "no JSON": (b"{", {}, "encoding"),
    "no UTF-8": (b'"\xff"', {}, "encoding"),
    "too deep": (b"[" * 5000, {}, "encoding"),
    "a value of an unknown type": (b'[[], {"a": {"__type__": [], "__value__": 1}}, {}]', {}, "encoding"),
    "a pickle": (b"\x80\x04K\x05.", {"content_type": "application/x-python-serialize"}, "encoding"),
    "an unknown content type": (b"[[], {}, {}]", {"content_type": "text/nonsense"}, "encoding"),
    "compressed by nobody knows what": (b"[[], {}, {}]", {"headers": {**HEADERS, "compression": "x"}}, "encoding"),
    "compressed, it says": (b"[[], {}, {}]", {"headers": {**HEADERS, "compression": "gzip"}}, "encoding"),
    "no headers": (b"[[], {}, {}]", {"headers": {}}, "headers"),
    "no headers, and a list": (b"[5]", {"headers": {}}, "headers"),
    "no id": (b"[[], {}, {}]", {"headers": {"task": events.DISPATCH_TASK}}, "headers"),
    "an id that is a list": (b"[[], {}, {}]", {"headers": {**HEADERS, "id": [1]}}, "headers"),
    "a task that is a list": (b"[[], {}, {}]", {"headers": {**HEADERS, "task": [1]}}, "headers"),
    "a shadow that is a list": (b"[[], {}, {}]", {"headers": {**HEADERS, "shadow": [1]}}, "headers"),
    "a time limit that is a text": (b"[[], {}, {}]", {"headers": {**HEADERS, "timelimit": "ab"}}, "headers"),
    "time limits that are texts": (b"[[], {}, {}]", {"headers": {**HEADERS, "timelimit": ["a", "b"]}}, "headers"),
    "an eta that is a number": (b"[[], {}, {}]", {"headers": {**HEADERS, "eta": 5}}, "headers"),
    "an eta that is no time": (b"[[], {}, {}]", {"headers": {**HEADERS, "eta": "soon"}}, "headers"),
    "stamps that are a number": (b"[[], {}, {}]", {"headers": {**HEADERS, "stamped_headers": 5}}, "headers"),
    "stamps of no values": (
        b"[[], {}, {}]",
        {"headers": {**HEADERS, "stamped_headers": ["a"], "stamps": 5}},
        "headers",
    ),
    "an unknown task": (b"[[], {}, {}]", {"headers": {**HEADERS, "task": "os.system"}}, "task"),
    "one of Celery's own": (b"[[], {}, {}]", {"headers": {**HEADERS, "task": "celery.chunks"}}, "task"),
    "arguments that it does not take": (b'[[], {"a": 1}, {}]', {}, "body"),
    "users null": (b'[[], {"user_ids": null}, {}]', {"headers": TELL_UNREAD}, "body"),
    "users a text": (b'[[], {"user_ids": "12"}, {}]', {"headers": TELL_UNREAD}, "body"),
    "users too large": (b'[[], {"user_ids": [1, 18446744073709551616]}, {}]', {"headers": TELL_UNREAD}, "body"),
    "users no ids": (b'[[[1, "a\\n2"]], {}, {}]', {"headers": TELL_UNREAD}, "body"),
    "users missing": (b"[[], {}, {}]", {"headers": TELL_UNREAD}, "body"),
    "arguments null": (b'[null, {"user_ids": [1]}, {}]', {"headers": TELL_UNREAD}, "body"),
    "marks null": (b'[[], {"user_id": "1", "marks": null}, {}]', {"headers": TELL_STATE}, "body"),
    "marks of no column": (
        b'[[], {"user_id": 1, "marks": [[["x"], [1], false]]}, {}]',
        {"headers": TELL_STATE},
        "body",
    ),
    "marks of no id": (
        b'[[], {"user_id": 1, "marks": [[["seen_at"], [0], true]]}, {}]',
        {"headers": TELL_STATE},
        "body",
    ),
    "options a list": (b'[[], {"user_ids": [1]}, [1]]', {"headers": TELL_UNREAD}, "body"),
}


def envelope(**changes: Any) -> dict[str, Any]:
    """What Kombu keeps in Redis for a message."""
    about = {"exchange": "", "routing_key": Keys().notifications}
    properties = {"delivery_tag": str(uuid.uuid4()), "delivery_info": about}
    message = {
        "body": base64.b64encode(b"[[], {}, {}]").decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": HEADERS,
        "properties": {**properties, "body_encoding": "base64", **changes.pop("properties", {})},
    }
    return {**message, **changes}


# What only Redis can hold, where a producer writes the envelope too.
BAD_ITEMS: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"no JSON", "envelope"),
    "no UTF-8": (b"\xff\xfe", "envelope"),
    "nothing": (b"", "envelope"),
    "5": (b"5", "envelope"),
    "null": (b"null", "envelope"),
    "an empty dict": (b"{}", "envelope"),
    "a list": (b"[1, 2, 3]", "envelope"),
    "too deep": (b"[" * 100_000, "envelope"),
    **{
        name: (json.dumps(item).encode(), reason)
        for name, item, reason in [
            ("no properties", {**envelope(), "properties": {}}, "envelope"),
            ("properties null", {**envelope(), "properties": None}, "envelope"),
            ("a tag that is null", envelope(properties={"delivery_tag": None}), "envelope"),
            ("a tag that is a list", envelope(properties={"delivery_tag": [1]}), "envelope"),
            ("no delivery info", envelope(properties={"delivery_info": None}), "envelope"),
            ("delivery info a text", envelope(properties={"delivery_info": "text"}), "envelope"),
            ("no base64", envelope(body="a"), "envelope"),
            ("an unknown encoding of the body", envelope(properties={"body_encoding": "rot13"}), "envelope"),
            ("a body that is a number", envelope(body=5), "envelope"),
            ("a bare number for a body", envelope(body=5, properties={"body_encoding": None}), "encoding"),
            ("headers that are a list", envelope(headers=[1]), "envelope"),
            ("headers null", envelope(headers=None), "headers"),
            ("a content type that is a list", envelope(**{"content-type": [1]}), "encoding"),
            ("a content encoding that is a number", envelope(**{"content-encoding": 5}), "encoding"),
        ]
    },
}


class Worker:
    """A system's only worker, and a user to whom it pushes the unread count."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.broker_url = system.env["BROKER_URL"]
        self._user = system.user()
        self._client = system.client(self._user)
        self._client.wait_for("sync")

    def dropped(self, reason: str) -> float:
        with urllib.request.urlopen(f"{self.system.api.url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        series = f'toutiao_dropped_messages_total{{reason="{reason}"}} '
        return next(float(line.removeprefix(series)) for line in lines if line.startswith(series))

    def takes_the_next_task(self) -> None:
        """Assert that it takes the next task; a worker with an unacknowledged message takes none."""
        told = len(self._client.of("unread"))
        body = json.dumps([[], {"user_ids": [self._user.id]}, {}]).encode()
        send(self.broker_url, body, headers={**TELL_UNREAD, "id": str(uuid.uuid4())})
        self._client.wait_for("unread", told + 1, seconds=SECONDS)
        assert self.system.processes["worker"].popen.poll() is None

    def close(self) -> None:
        self._client.close()


@pytest.fixture(scope="module")
def workers() -> Iterator[dict[str, Worker]]:
    """The workers that these tests have used, by broker URL."""
    met: dict[str, Worker] = {}
    yield met
    for worker in met.values():
        worker.close()


@pytest.fixture
def worker(system: System, workers: dict[str, Worker]) -> Worker:
    url = system.env["BROKER_URL"]
    workers[url] = workers.get(url) or Worker(system)
    return workers[url]


@pytest.fixture(params=["small", "big"])
def system(request: pytest.FixtureRequest) -> System:
    """Redis, then RabbitMQ for a broker."""
    system: System = request.getfixturevalue(request.param)
    return system


class TestAnyBroker:
    @pytest.mark.parametrize("name", BAD)
    def test_invalid_message_is_dropped_and_counted(self, worker: Worker, name: str) -> None:
        body, changes, reason = BAD[name]
        before = worker.dropped(reason)

        send(worker.broker_url, body, **{"headers": HEADERS, **changes})

        wait_until(lambda: worker.dropped(reason) == before + 1, seconds=SECONDS, what="the message is counted")
        worker.takes_the_next_task()
        assert worker.dropped(reason) == before + 1  # it is not delivered again


class TestRedis:
    @pytest.fixture
    def system(self, small: System) -> System:
        return small

    @pytest.fixture
    def redis(self, system: System) -> Iterator[Redis]:
        with Redis.from_url(system.env["BROKER_URL"]) as redis:
            yield redis

    @pytest.mark.parametrize("name", BAD_ITEMS)
    def test_queue_item_that_is_no_message_is_dropped(self, worker: Worker, redis: Redis, name: str) -> None:
        item, reason = BAD_ITEMS[name]
        before = worker.dropped(reason)

        redis.lpush(Keys().notifications, item)

        wait_until(lambda: worker.dropped(reason) == before + 1, seconds=SECONDS, what="the message is counted")
        worker.takes_the_next_task()
        assert worker.dropped(reason) == before + 1  # it is not delivered again

    @pytest.mark.parametrize("message", [b"no JSON", b"5", b"{}", json.dumps(envelope(body="NQ==")).encode()])
    def test_published_text_that_is_no_command_is_ignored(self, worker: Worker, redis: Redis, message: bytes) -> None:
        received = redis.publish("/0.celery.pidbox", message)

        assert received
        worker.takes_the_next_task()


def send(broker_url: str, body: bytes, *, headers: dict[str, Any], content_type: str = "application/json") -> None:
    with Connection(broker_url) as connection:
        channel = connection.default_channel
        message = channel.prepare_message(
            body, content_type=content_type, content_encoding="utf-8", headers=headers, properties={"delivery_mode": 2}
        )
        channel.basic_publish(message, exchange="", routing_key=Keys().notifications)
