"""A real worker sends what nobody has read to real devices, at most once."""

import re
import socket
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from core import service_keys
from core.db import Database
from core.models import PushSubscription, WebPush
from core.vapid import create_key
from tests.accounts import opened
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


@pytest.fixture(scope="module")
def shared_service() -> Iterator[PushService]:
    with running_push_service() as service:
        yield service


@pytest.fixture
def service(shared_service: PushService) -> PushService:
    """A push service that knows no device yet. Each test waits until nothing is left to send."""
    for known in (shared_service.devices, shared_service.answers, shared_service.calls):
        known.clear()
    return shared_service


@pytest.fixture(scope="module")
def hanging() -> Iterator[str]:
    """The URL of a push service that never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


@pytest.fixture(scope="module")
def settings(
    module_folder: Path, valkeys: Callable[[], Service], shared_service: PushService, hanging: str
) -> dict[str, str]:
    """Those of a system that may call both push services."""
    events = module_folder / "events.toml"
    events.write_text(_EVENTS)
    return {
        "EVENTS": f"app.events,{events}",
        "SERVICE_KEYS": _SERVICE_LINE,
        "VAPID_PRIVATE_KEY": create_key(),
        "VAPID_SUBJECT": "mailto:ops@news.example",
        "WEB_PUSH_PRIVATE_ORIGINS": f"{shared_service.url},{hanging}",
        **on_redis(valkeys().url),
    }


@pytest.fixture(scope="module")
def shared_system(module_folder: Path, settings: dict[str, str]) -> Iterator[System]:
    with System(module_folder / "small", **settings) as system:
        yield system


@pytest.fixture
def small(shared_system: System) -> System:
    """A system without devices. A test that failed may have left some."""
    with opened(shared_system.env) as database, database.transaction() as connection:
        connection.execute(delete(WebPush))
        connection.execute(delete(PushSubscription))
    return shared_system


@pytest.fixture
def big(
    tmp_path: Path, settings: dict[str, str], valkeys: Callable[[], Service], rabbitmq: RabbitMQ, postgresql: PostgreSQL
) -> Iterator[System]:
    amqp = rabbitmq.create_vhost()
    urls = {
        "DATABASE_URL": postgresql.create_database(),
        "BROKER_URL": amqp,
        "MESSAGE_QUEUE_URL": amqp,
        "REDIS_URL": valkeys().url,
    }
    with System(tmp_path, **{**settings, **urls}) as system:
        yield system


@pytest.fixture
def dying(tmp_path: Path, settings: dict[str, str], valkeys: Callable[[], Service]) -> Iterator[System]:
    """A system whose worker dies right after a call."""
    env_of = {"worker": {"FAILPOINT": "after web push"}}
    with System(tmp_path, env_of=env_of, **{**settings, **on_redis(valkeys().url)}) as system:
        yield system


def subscribe(system: System, user: User, body: dict[str, Any]) -> int:
    status, answer = system.api.call("POST", "/v1_0/user/push-subscriptions", body, token=user.token)
    assert status == 201, answer
    return int(answer["id"])


def notify(system: System, *users: User, words: str = "hi", topic: str = "") -> list[int]:
    body = {"event": "web push note", "to": [user.id for user in users], "data": {"words": words, "topic": topic}}
    status, answer = system.api.call("POST", "/v1_0/notifications", body, token=_SERVICE_KEY)
    assert status == 202, answer
    return list(answer["ids"])


def rows(system: System, column: Any, *conditions: Any) -> list[Any]:
    with opened(system.env) as database:
        return read(database, column, *conditions)


def read(database: Database, column: Any, *conditions: Any) -> list[Any]:
    with database.reading() as connection:
        return list(connection.execute(select(column).where(*conditions)).scalars())


def wait_until_nothing_waits(system: System, *, seconds: float = 40) -> None:
    with opened(system.env) as database:
        wait_until(lambda: not read(database, WebPush.due_at), seconds=seconds, what="nothing waits")


def counted(system: System) -> Counter[str]:
    """Return the web pushes that the API's metrics count, by outcome."""
    with urllib.request.urlopen(f"{system.api.url}/metrics", timeout=10) as answer:
        metrics = answer.read().decode()
    found = re.findall(r'^toutiao_web_pushes_total\{outcome="(\w+)"} ([\d.]+)$', metrics, re.MULTILINE)
    return Counter({outcome: int(float(count)) for outcome, count in found})


def wait_for(service: PushService, name: str, count: int = 1) -> None:
    wait_until(lambda: len(service.of(name)) >= count, seconds=40, what=f"{name} was told {count} times")


@pytest.mark.parametrize("system", ["small", "big"], indirect=True)
def test_who_has_not_read_it_is_told_on_each_device_once(system: System, service: PushService) -> None:
    before = counted(system)
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
    devices = PushSubscription.id, PushSubscription.user_id.in_([str(ann.id), str(bob.id)])
    wait_until(lambda: len(rows(system, *devices)) == 3, seconds=20, what="the dead device is dropped")
    second = notify(system, bob)[0]
    wait_for(service, "phone", 2)
    assert [call.shown["id"] for call in service.of("phone")] == [told, second]
    assert len(service.of("dead")) == 1
    assert service.of("of-ann") == []
    # A call is noted a moment after it was made.
    wait_until(lambda: len(set(rows(system, WebPush.subscription_id))) == 1, seconds=20, what="one device waits")
    [waiting] = set(rows(system, WebPush.subscription_id))
    assert waiting in rows(system, *devices)  # busy, which rests for half a minute at least
    assert len(service.of("busy")) == 1
    new = counted(system) - before
    assert (new["sent"], new["gone"]) == (2, 1)
    assert system.api.call("DELETE", "/v1_0/authorizations", token=bob.token)[0] == 204
    wait_until_nothing_waits(system)


def test_worker_that_is_killed_between_call_and_note_repeats_nothing(dying: System, service: PushService) -> None:
    system, bob = dying, dying.user()
    subscribe(system, bob, service.add_device("phone"))

    notify(system, bob)

    wait_for(service, "phone")
    log = system.processes["worker"].log
    wait_until(lambda: "dying at 'after web push'" in log.read_text(), seconds=10, what="the worker dies")
    notify(system, bob, words="again")
    wait_for(service, "phone", 2)  # another process sends what is new, and not what was claimed
    assert [call.shown["title"] for call in service.of("phone")] == ["Somebody says hi", "Somebody says again"]
    assert len(rows(system, WebPush.claimed_at)) == 2


def test_hanging_push_service_delays_neither_others_nor_dispatches(
    small: System, service: PushService, hanging: str
) -> None:
    ann, bob = small.user(), small.user()
    for number in range(10):
        body = service.add_device(f"hanging-{number}")
        subscribe(small, ann, {**body, "endpoint": f"{hanging}/{number}"})
    subscribe(small, bob, service.add_device("phone"))
    client = small.client(bob)
    client.wait_for("sync")

    notify(small, ann, bob)
    wait_for(service, "phone")

    for number in range(5):
        begun = time.monotonic()
        notify(small, bob, words=str(number))
        client.wait_for("web push note", number + 2, seconds=20)
        assert time.monotonic() - begun < 6
    client.close()
    wait_until_nothing_waits(small, seconds=60)


def test_burst_of_a_group_is_one_web_push(small: System, service: PushService) -> None:
    bob = small.user()
    subscribe(small, bob, service.add_device("phone"))

    for number in range(30):
        notify(small, bob, words=str(number), topic="rain")

    wait_for(service, "phone")
    wait_until_nothing_waits(small, seconds=30)
    calls = service.of("phone")
    assert len(calls) <= 3
    assert len({call.headers["Topic"] for call in calls}) == len({call.shown["tag"] for call in calls}) == 1
    assert calls[-1].shown["title"] == "Somebody says 29"


def test_endpoint_of_our_own_network_is_refused(small: System, service: PushService) -> None:
    bob = small.user()
    body = service.add_device("phone")

    for endpoint in (f"http://127.0.0.1:{small.api_port}/", "https://localhost/", "https://169.254.169.254/latest"):
        status, answer = small.api.call(
            "POST", "/v1_0/user/push-subscriptions", {**body, "endpoint": endpoint}, token=bob.token
        )
        assert (status, list(answer["errors"])) == (422, ["endpoint"])


def test_log_out_ends_web_push(small: System, service: PushService) -> None:
    bob = small.user()
    subscribe(small, bob, service.add_device("phone"))
    notify(small, bob)

    assert small.api.call("DELETE", "/v1_0/authorizations", token=bob.token)[0] == 204

    wait_until_nothing_waits(small)
    assert service.calls == []
