"""The sender and a push service on this machine: what each answer leads to, and what one bad endpoint costs others."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.events import FollowingNotify, LikingNotify
from core import inbox, outbox, push_subscriptions
from core.db import Database
from core.models import Notification, PushSubscription, WebPush
from core.profiles import NoProfiles
from core.push_endpoints import Endpoints
from core.push_subscriptions import Device
from core.vapid import Vapid, create_key, parse_key
from tests.integration.conftest import NEEDED
from tests.push_service import PushService, running_push_service
from tests.secure_services import Authority


@pytest.fixture
def service() -> Iterator[PushService]:
    with running_push_service() as service:
        yield service


class World:
    """A user whose devices are at push services."""

    def __init__(self, database: Database, users: list[int], make: Callable[..., Any]) -> None:
        self.database = database
        self.user, self.actor = users[:2]
        self.counted: dict[str, int] = {}
        self._make = make

    def subscribe(self, browser: dict[str, Any], *, language: str = "en", endpoint: str = "") -> int:
        device = Device(endpoint or browser["endpoint"], **browser["keys"], language=language, device="", family="")
        with self.database.transaction() as connection:
            return int(push_subscriptions.save(connection, str(self.user), device).id)

    def notify(self, event: Any = None) -> int:
        with self.database.transaction() as connection:
            inbox.add(connection, event or FollowingNotify(), recipient_id=self.user, actor_id=self.actor)
            told = connection.scalar(select(func.max(Notification.id)))
        with outbox.claim(self.database, limit=100) as batch:
            ids = [row.id for row in batch.rows]
            batch.mark(dispatched=ids, failed=[], to_devices=ids)
        self.make_due()
        return int(told)

    def make_due(self) -> None:
        with self.database.transaction() as connection:
            connection.execute(update(WebPush).values(due_at=0))

    def send(self, *private: str, seconds: float = 5, failpoint: Callable[[], None] = lambda: None) -> int:
        return int(self._make(self, private, failpoint).send_due(seconds=seconds, is_stopping=lambda: False))

    def count(self, outcome: str, count: int) -> None:
        self.counted[outcome] = self.counted.get(outcome, 0) + count

    def waiting(self) -> list[Any]:
        with self.database.reading() as connection:
            return list(connection.execute(select(WebPush.due_at, WebPush.attempts, WebPush.claimed_at)))

    def devices(self) -> list[int]:
        with self.database.reading() as connection:
            return list(connection.execute(select(PushSubscription.id).order_by(PushSubscription.id)).scalars())


@pytest.fixture
def world(database: Database, users: list[int]) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as environment, ThreadPoolExecutor(34) as pool:
        for name, value in NEEDED.items():
            environment.setenv(name, value)
        from tasks.web_push_sender import Sender

        def make(world: World, private: tuple[str, ...], failpoint: Callable[[], None]) -> Sender:
            return Sender(
                database=database,
                profiles=NoProfiles(),
                vapid=Vapid(parse_key(create_key()), "mailto:ops@news.example"),
                endpoints=Endpoints(private),
                default_photo="/photo.svg",
                count=world.count,
                failpoint=failpoint,
                pool=pool,
            )

        yield World(database, users, make)


def test_device_reads_the_notification_in_its_language(world: World, service: PushService) -> None:
    world.subscribe(service.add_device("phone"), language="zh-CN")
    told = world.notify(LikingNotify(art_id=7, art_title="Rain"))

    assert world.send(service.url) == 1

    [call] = service.of("phone")
    assert call.shown["id"] == told
    assert call.shown["title"] == "有人 赞了《Rain》"
    assert call.shown["url"] == "/#article-7"
    assert call.shown["icon"] == "/photo.svg"
    assert call.headers["Topic"] == call.shown["tag"]
    assert call.headers["Urgency"] == "low"
    assert call.headers["TTL"] == "86400"
    assert world.waiting() == []
    assert world.send(service.url) == 0
    assert world.counted == {"sent": 1}


def test_group_says_how_many_it_stands_for(world: World, service: PushService) -> None:
    world.subscribe(service.add_device("phone"))
    for _ in range(3):
        world.notify(LikingNotify(art_id=7, art_title="Rain"))

    world.send(service.url)

    assert [call.shown["body"] for call in service.of("phone")] == ["and 2 more"]


@pytest.mark.parametrize("status", [404, 410])
def test_dead_subscription_is_dropped(world: World, service: PushService, status: int) -> None:
    dead, alive = (world.subscribe(service.add_device(name)) for name in ("dead", "alive"))
    service.answers["/dead"].append((status, {}))
    world.notify()

    assert world.send(service.url) == 1

    assert dead not in world.devices()
    assert world.devices() == [alive]
    assert world.waiting() == []


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "120"}, 120),
        (503, {"Retry-After": "900"}, 900),
        (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT", "Date": "Wed, 21 Oct 2015 07:18:00 GMT"}, 600),
        (500, {}, 30),
        (429, {"Retry-After": "x"}, 30),
    ],
)
def test_busy_push_service_is_called_again_when_it_asks_for_it(
    world: World, service: PushService, status: int, headers: dict[str, str], seconds: int
) -> None:
    world.subscribe(service.add_device("phone"))
    service.answers["/phone"].append((status, headers))
    world.notify()

    assert world.send(service.url) == 0

    [row] = world.waiting()
    assert seconds - 5 < row.due_at - time.time() < seconds * 1.3 + 5
    assert (row.attempts, row.claimed_at) == (1, None)
    world.make_due()
    assert world.send(service.url) == 1
    assert len(service.of("phone")) == 2
    assert world.counted == {"later": 1, "sent": 1}


def test_attempts_are_bounded_and_the_pauses_grow(world: World, service: PushService) -> None:
    world.subscribe(service.add_device("phone"))
    service.answers["/phone"] += [(503, {})] * 9
    world.notify()
    pauses = []

    while world.waiting():
        world.send(service.url)
        pauses += [row.due_at - time.time() for row in world.waiting()]
        world.make_due()

    assert len(service.of("phone")) == 5
    assert all(later > 2 * earlier for earlier, later in pairwise(pauses))
    assert world.counted == {"later": 4, "gave_up": 1}


def test_device_that_fails_ten_times_in_a_row_is_dropped_and_one_success_counts(
    world: World, service: PushService
) -> None:
    phone = world.subscribe(service.add_device("phone"))
    service.answers["/phone"] += [(400, {})] * 9 + [(201, {})] + [(400, {})] * 10

    for attempt in range(20):
        assert phone in world.devices(), attempt
        world.notify()
        world.send(service.url)

    assert world.devices() == []
    assert world.counted == {"refused": 18, "sent": 1, "gone": 1}


def test_redirect_is_not_followed(world: World, service: PushService) -> None:
    world.subscribe(service.add_device("phone"))
    service.add_device("elsewhere")
    service.answers["/phone"].append((307, {"Location": f"{service.url}/elsewhere"}))
    world.notify()

    world.send(service.url)

    assert service.of("elsewhere") == []
    assert world.counted == {"refused": 1}


def test_nobody_listens_at_a_private_endpoint_and_nobody_is_called(world: World, service: PushService) -> None:
    """The endpoint was checked when the device subscribed, and now its name leads inside."""
    browser = service.add_device("phone")
    with closing(socket.create_server(("127.0.0.1", 0))) as inside:
        inside.settimeout(0.2)
        world.subscribe(browser, endpoint="https://localhost/latest/meta-data")
        world.subscribe(browser, endpoint=f"http://127.0.0.1:{inside.getsockname()[1]}/")
        world.notify()

        assert world.send() == 0

        with pytest.raises(TimeoutError):
            inside.accept()
    assert world.devices() == []
    assert world.counted == {"forbidden": 2, "invalid": 0}


def test_bad_row_and_bad_key_stop_nobody(world: World, service: PushService) -> None:
    browser = service.add_device("phone")
    world.subscribe({"keys": {**browser["keys"], "p256dh": "AAAA"}, "endpoint": f"{service.url}/bad-key"})
    good = world.subscribe(browser)
    bad_row, told = world.notify(LikingNotify(art_id=7, art_title="Rain")), world.notify()
    with world.database.transaction() as connection:
        connection.execute(update(Notification).where(Notification.id == bad_row).values(actor_id="a\tb"))

    assert world.send(service.url) == 1

    assert [call.shown["id"] for call in service.calls] == [told]
    assert world.waiting() == []
    assert good in world.devices()
    assert world.counted["invalid"] == 3


def test_hanging_push_service_holds_up_nobody_else_and_is_not_called_again(world: World, service: PushService) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        hanging = f"http://127.0.0.1:{silent.getsockname()[1]}"
        stuck = world.subscribe(service.add_device("stuck"), endpoint=f"{hanging}/stuck")
        for number in range(19):
            world.subscribe(service.add_device(f"device {number}".replace(" ", "-")))
        world.notify()
        begun = time.monotonic()

        assert world.send(service.url, hanging) == 19

        assert max(call.at for call in service.calls) - begun < 4
        assert 3 < time.monotonic() - begun < 12
    assert world.counted == {"sent": 19, "unknown": 1}
    assert world.waiting() == []
    assert stuck in world.devices()


def test_answer_that_drips_is_ended_in_time(world: World, service: PushService) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def drip() -> None:
            connected, _ = listening.accept()
            with connected, suppress(OSError):
                while True:
                    connected.send(b"H")
                    time.sleep(0.5)

        Thread(target=drip, daemon=True).start()
        world.subscribe(service.add_device("phone"), endpoint=f"{url}/phone")
        world.notify()
        begun = time.monotonic()

        world.send(url)

    assert 7 < time.monotonic() - begun < 12
    assert world.counted == {"unknown": 1}


def test_push_service_that_can_not_be_reached_is_called_again(world: World, service: PushService) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    world.subscribe(service.add_device("phone"), endpoint=f"{url}/phone")
    world.notify()

    world.send(url)

    assert world.counted == {"later": 1}
    assert len(world.waiting()) == 1


def test_worker_that_dies_after_a_call_never_repeats_it(world: World, service: PushService) -> None:
    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    world.subscribe(service.add_device("phone"))
    world.notify()
    with pytest.raises(Died):
        world.send(service.url, failpoint=die)

    assert world.send(service.url) == 0

    assert len(service.of("phone")) == 1
    assert [row.claimed_at is not None for row in world.waiting()] == [True]


def test_certificate_is_checked(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, other = Authority(tmp_path / "authority"), Authority(tmp_path / "other")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    from core import push_services

    push_services._tls.cache_clear()
    hosts = "DNS:localhost"
    good, foreign = authority.sign("push", hosts), other.sign("push", hosts)
    wrong_name = authority.sign("wrong", "DNS:push.example")
    try:
        for certificate, sent in ((good, 1), (foreign, 0), (wrong_name, 0)):
            with running_push_service(certificate, "localhost") as service:
                world.subscribe(service.add_device("phone"))
                world.notify()
                assert world.send(service.url) == sent
                assert len(service.of("phone")) == sent
                with world.database.transaction() as connection:
                    push_subscriptions.end(connection, world.devices())
    finally:
        push_services._tls.cache_clear()
    assert world.counted == {"sent": 1, "later": 2}
