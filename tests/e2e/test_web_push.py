"""A real worker sends what nobody has read to real devices, at most once."""

import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core import service_keys
from core.db import Database
from core.models import PushSubscription, WebPush
from core.vapid import create_key
from tests.clients import User
from tests.push_service import PushService, running_push_service
from tests.services import PostgreSQL, RabbitMQ, Service, wait_until
from tests.system import System, on_redis

_SERVICE_KEY, _SERVICE_LINE = service_keys.create("tests")
_EVENTS = """
[events."web push note"]
text = { en = "{user_name} says {words}" }
group = "note:{topic}"
push_after = 1

[events."web push note".fields]
words = "text"
topic = { type = "text", default = "" }
"""
Start = Callable[..., System]


@pytest.fixture
def service() -> Iterator[PushService]:
    with running_push_service() as service:
        yield service


@pytest.fixture
def start(tmp_path: Path, valkeys: Callable[[], Service], service: PushService) -> Iterator[Start]:
    """Start a system that may call the push service of this machine."""
    events = tmp_path / "events.toml"
    events.write_text(_EVENTS)
    settings = {
        "EVENTS": f"app.events,{events}",
        "SERVICE_KEYS": _SERVICE_LINE,
        "VAPID_PRIVATE_KEY": create_key(),
        "VAPID_SUBJECT": "mailto:ops@news.example",
        "WEB_PUSH_PRIVATE_ORIGINS": service.url,
    }
    with ExitStack() as stack:

        def start(**options: Any) -> System:
            given = {**settings, **on_redis(valkeys().url), **options}
            return stack.enter_context(System(tmp_path / "system", **given))

        yield start


def subscribe(system: System, user: User, body: dict[str, Any]) -> int:
    status, answer = system.api.call("POST", "/v1_0/user/push-subscriptions", body, token=user.token)
    assert status == 201, answer
    return int(answer["id"])


def notify(system: System, *users: User, words: str = "hi", topic: str = "") -> list[int]:
    body = {"event": "web push note", "to": [user.id for user in users], "data": {"words": words, "topic": topic}}
    status, answer = system.api.call("POST", "/v1_0/notifications", body, token=_SERVICE_KEY)
    assert status == 202, answer
    return list(answer["ids"])


def rows(system: System, column: Any) -> list[Any]:
    database = Database(system.env["DATABASE_URL"])
    try:
        with database.reading() as connection:
            return list(connection.execute(select(column)).scalars())
    finally:
        database.close()


def wait_for(service: PushService, name: str, count: int = 1) -> None:
    wait_until(lambda: len(service.of(name)) >= count, seconds=40, what=f"{name} was told {count} times")


def shape(name: str, request: pytest.FixtureRequest) -> dict[str, str]:
    if name == "small":
        return {}
    postgresql: PostgreSQL = request.getfixturevalue("postgresql")
    rabbitmq: RabbitMQ = request.getfixturevalue("rabbitmq")
    amqp = rabbitmq.create_vhost()
    return {"DATABASE_URL": postgresql.create_database(), "BROKER_URL": amqp, "MESSAGE_QUEUE_URL": amqp}


@pytest.mark.parametrize("name", ["small", "big"])
def test_who_has_not_read_it_is_told_on_each_device_once(
    start: Start, service: PushService, request: pytest.FixtureRequest, name: str
) -> None:
    system = start(**shape(name, request))
    ann, bob = system.user(), system.user()
    subscribe(system, bob, {**service.add_device("phone"), "language": "en"})
    subscribe(system, bob, service.add_device("dead"))
    subscribe(system, bob, service.add_device("busy"))
    subscribe(system, ann, service.add_device("of-ann"))
    service.answers["/dead"].append((410, {}))
    service.answers["/busy"].append((429, {"Retry-After": "2"}))
    begun = time.monotonic()

    told, of_ann = notify(system, bob, ann)
    system.api.call("POST", "/v1_0/user/notifications/read", {"ids": [of_ann]}, token=ann.token)

    wait_for(service, "phone")
    [call] = service.of("phone")
    assert call.shown["id"] == told
    assert call.shown["title"] == "Somebody says hi"
    assert call.at - begun > 1
    wait_until(lambda: len(rows(system, PushSubscription.id)) == 3, seconds=20, what="the dead device is dropped")
    second = notify(system, bob)[0]
    wait_for(service, "phone", 2)
    assert [call.shown["id"] for call in service.of("phone")] == [told, second]
    assert len(service.of("dead")) == 1
    assert service.of("of-ann") == []
    # A call is noted a moment after it was made.
    wait_until(lambda: len(set(rows(system, WebPush.subscription_id))) == 1, seconds=20, what="one device waits")
    [waiting] = set(rows(system, WebPush.subscription_id))
    assert waiting in rows(system, PushSubscription.id)  # busy, which rests for half a minute at least
    assert len(service.of("busy")) == 1
    with urllib.request.urlopen(f"{system.api.url}/metrics", timeout=10) as answer:
        metrics = answer.read().decode()
    assert 'toutiao_web_pushes_total{outcome="sent"} 2.0' in metrics
    assert 'toutiao_web_pushes_total{outcome="gone"} 1.0' in metrics


def test_worker_that_is_killed_between_call_and_note_repeats_nothing(start: Start, service: PushService) -> None:
    system = start(env_of={"worker": {"FAILPOINT": "after web push"}})
    bob = system.user()
    subscribe(system, bob, service.add_device("phone"))

    notify(system, bob)

    wait_for(service, "phone")
    log = system.processes["worker"].log
    wait_until(lambda: "dying at 'after web push'" in log.read_text(), seconds=10, what="the worker dies")
    notify(system, bob, words="again")
    wait_for(service, "phone", 2)  # another process sends what is new, and not what was claimed
    assert [call.shown["title"] for call in service.of("phone")] == ["Somebody says hi", "Somebody says again"]
    assert len(rows(system, WebPush.claimed_at)) == 2


def test_hanging_push_service_delays_neither_others_nor_dispatches(start: Start, service: PushService) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        hanging = f"http://127.0.0.1:{silent.getsockname()[1]}"
        system = start(WEB_PUSH_PRIVATE_ORIGINS=f"{service.url},{hanging}")
        ann, bob = system.user(), system.user()
        for number in range(10):
            body = service.add_device(f"hanging-{number}")
            subscribe(system, ann, {**body, "endpoint": f"{hanging}/{number}"})
        subscribe(system, bob, service.add_device("phone"))
        client = system.client(bob)
        client.wait_for("sync")

        notify(system, ann, bob)
        wait_for(service, "phone")

        for number in range(5):
            begun = time.monotonic()
            notify(system, bob, words=str(number))
            client.wait_for("web push note", number + 2, seconds=20)
            assert time.monotonic() - begun < 6
        client.close()
    wait_until(lambda: not rows(system, WebPush.claimed_at), seconds=60, what="all calls have ended")


def test_burst_of_a_group_is_one_web_push(start: Start, service: PushService) -> None:
    system = start()
    bob = system.user()
    subscribe(system, bob, service.add_device("phone"))

    for number in range(30):
        notify(system, bob, words=str(number), topic="rain")

    wait_for(service, "phone")
    wait_until(lambda: not rows(system, WebPush.due_at), seconds=30, what="nothing waits")
    calls = service.of("phone")
    assert len(calls) <= 3
    assert len({call.headers["Topic"] for call in calls}) == len({call.shown["tag"] for call in calls}) == 1
    assert calls[-1].shown["title"] == "Somebody says 29"


def test_endpoint_of_our_own_network_is_refused(start: Start, service: PushService) -> None:
    system = start()
    bob = system.user()
    body = service.add_device("phone")

    for endpoint in (f"http://127.0.0.1:{system.api_port}/", "https://localhost/", "https://169.254.169.254/latest"):
        status, answer = system.api.call(
            "POST", "/v1_0/user/push-subscriptions", {**body, "endpoint": endpoint}, token=bob.token
        )
        assert (status, list(answer["errors"])) == (422, ["endpoint"])


def test_log_out_ends_web_push(start: Start, service: PushService) -> None:
    system = start()
    bob = system.user()
    subscribe(system, bob, service.add_device("phone"))
    notify(system, bob)

    assert system.api.call("DELETE", "/v1_0/authorizations", token=bob.token)[0] == 204

    wait_until(lambda: not rows(system, WebPush.due_at), seconds=40, what="what waited is dropped")
    assert service.calls == []
