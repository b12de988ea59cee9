"""Web pushes are planned once for each device, claimed once, and dropped when nobody needs them."""

import time
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from app.events import FollowingNotify, LikingNotify
from core import inbox, outbox, push_subscriptions, revocations, web_pushes, withdrawals
from core.db import Database
from core.models import Notification, PushSubscription, WebPush
from core.push_subscriptions import MOST_OF_USER, Device

DUE = update(WebPush).values(due_at=0)


def device(name: str, *, family: str = "login") -> Device:
    return Device(f"https://push.example/{name}", "key", "secret", "en", "Firefox", family)


def subscribe(connection: Connection, user_id: int, name: str, **options: str) -> int:
    return int(push_subscriptions.save(connection, str(user_id), device(name, **options)).id)


def notify(database: Database, recipient: int, actor: int, event: Any = None) -> int:
    """Add a notification and dispatch it; return its id."""
    with database.transaction() as connection:
        inbox.add(connection, event or FollowingNotify(), recipient_id=recipient, actor_id=actor)
        return int(connection.scalar(select(func.max(Notification.id))))


def dispatch(database: Database) -> None:
    with outbox.claim(database, limit=1000) as batch:
        ids = [row.id for row in batch.rows]
        batch.mark(dispatched=ids, failed=[], to_devices=ids)


def claim(database: Database, *, devices: int = 10) -> list[web_pushes.Claim]:
    with database.transaction() as connection:
        return web_pushes.claim(connection, devices=devices)


def is_any_due(database: Database) -> bool:
    with database.reading() as connection:
        return web_pushes.is_any_due(connection)


def make_due(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(DUE)


def count(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(WebPush)) or 0)


@pytest.fixture
def phone(database: Database, users: list[int]) -> int:
    """A device of the first user."""
    with database.transaction() as connection:
        return subscribe(connection, users[0], "phone")


class TestPlan:
    def test_each_device_of_the_recipient_gets_one_when_its_time_has_come(
        self, database: Database, users: list[int], phone: int
    ) -> None:
        with database.transaction() as connection:
            laptop = subscribe(connection, users[0], "laptop")
            subscribe(connection, users[1], "of another user")
        told = notify(database, users[0], users[1])

        dispatch(database)

        assert claim(database) == []  # push_after is not over
        make_due(database)
        assert sorted(one.key for one in claim(database)) == [(told, phone), (told, laptop)]

    def test_what_was_told_a_moment_ago_is_not_planned_again(
        self, database: Database, users: list[int], phone: int
    ) -> None:
        with database.transaction() as connection:
            inbox.add(connection, FollowingNotify(), recipient_id=users[0], actor_id=users[1], was_told=True)

        dispatch(database)

        assert count(database) == 0
        assert claim(database) == []

    def test_it_is_due_after_the_time_that_its_event_declares(
        self, database: Database, users: list[int], phone: int
    ) -> None:
        notify(database, users[0], users[1])
        notify(database, users[0], users[1], LikingNotify(art_id=1, art_title="Rain"))

        dispatch(database)

        with database.reading() as connection:
            rows = connection.execute(select(WebPush.due_at).order_by(WebPush.notification_id)).scalars().all()
        assert [round(due_at - time.time(), -1) for due_at in rows] == [60, 300]

    def test_what_was_dispatched_before_a_device_subscribed_is_not_for_it(
        self, database: Database, users: list[int]
    ) -> None:
        notify(database, users[0], users[1])
        dispatch(database)

        with database.transaction() as connection:
            subscribe(connection, users[0], "late")

        assert count(database) == 0

    def test_withdrawal_is_not_pushed(self, database: Database, users: list[int], phone: int) -> None:
        told = notify(database, users[0], users[1])
        with database.transaction() as connection:
            withdrawals.withdraw(connection, told)

        dispatch(database)

        assert count(database) == 0


class TestClaim:
    @pytest.mark.parametrize(
        "change",
        [
            {"seen_at": 1},
            {"read_at": 1},
            {"archived_at": 1},
            {"withdrawn_at": 1},
            {"expires_at": 1},
            {"not_sent": "muted"},
            {"dispatched_at": None},
        ],
        ids=["seen", "read", "archived", "withdrawn", "expired", "not sent", "waiting"],
    )
    def test_what_is_no_news_any_more_is_dropped(
        self, database: Database, users: list[int], phone: int, change: dict[str, Any]
    ) -> None:
        notify(database, users[0], users[1])
        dispatch(database)
        with database.transaction() as connection:
            connection.execute(DUE)
            connection.execute(update(Notification).values(change))

        assert claim(database) == []
        assert count(database) == 0

    def test_notification_that_is_gone_is_dropped(self, database: Database, users: list[int], phone: int) -> None:
        notify(database, users[0], users[1])
        dispatch(database)
        with database.transaction() as connection:
            connection.execute(DUE)
            connection.execute(Notification.__table__.delete())

        assert claim(database) == []
        assert count(database) == 0

    def test_device_that_another_user_has_now_does_not_get_it(
        self, database: Database, users: list[int], phone: int
    ) -> None:
        notify(database, users[0], users[1])
        dispatch(database)
        with database.transaction() as connection:
            connection.execute(DUE)
            assert subscribe(connection, users[2], "phone") != phone

        assert claim(database) == []

    def test_of_a_group_the_newest_is_sent_and_stands_for_the_others(
        self, database: Database, users: list[int], phone: int
    ) -> None:
        likes = [notify(database, users[0], users[n], LikingNotify(art_id=1, art_title="Rain")) for n in (1, 2, 3)]
        other = notify(database, users[0], users[1], LikingNotify(art_id=2, art_title="Sun"))
        dispatch(database)
        make_due(database)

        claims = claim(database)

        assert [(one.row.notification_id, one.count) for one in claims] == [(other, 0), (likes[2], 2)]
        assert len({one.topic for one in claims}) == 2
        assert all(len(one.topic) == 32 for one in claims)
        assert count(database) == 2

    def test_burst_becomes_three_and_a_rest(self, database: Database, users: list[int], phone: int) -> None:
        with database.transaction() as connection:
            tablet = subscribe(connection, users[4], "tablet")
        likings = [LikingNotify(art_id=number, art_title="Rain") for number in range(20)]
        burst = [notify(database, users[0], users[1], liking) for liking in likings]
        notify(database, users[4], users[1])
        dispatch(database)
        make_due(database)

        claims = claim(database)

        of_phone = [one.row.notification_id for one in claims if one.row.subscription_id == phone]
        assert of_phone == burst[:-4:-1]
        assert [one.row.subscription_id for one in claims if one.row.subscription_id != phone] == [tablet]
        assert count(database) == 4
        notify(database, users[0], users[1])
        dispatch(database)
        with database.reading() as connection:
            due_at = connection.scalar(select(func.max(WebPush.due_at)))
        assert due_at - time.time() > 55  # after the rest and not at once

    def test_two_workers_claim_different_ones(self, database: Database, users: list[int]) -> None:
        with database.transaction() as connection:
            for number in range(20):
                subscribe(connection, users[0], f"device {number}")
        notify(database, users[0], users[1])
        dispatch(database)
        make_due(database)
        found: list[tuple[int, int]] = []
        together = Barrier(4)

        def work() -> None:
            together.wait()
            # A worker finds nothing while another one has locked what is oldest. So no number of rounds is enough.
            until = time.monotonic() + 30
            while is_any_due(database) and time.monotonic() < until:
                found.extend(one.key for one in claim(database, devices=3))

        workers = [Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)

        assert len(found) == len(set(found)) == 20

    def test_claim_of_a_worker_that_died_is_forgotten_and_not_repeated(
        self, database: Database, users: list[int], phone: int
    ) -> None:
        notify(database, users[0], users[1])
        dispatch(database)
        make_due(database)
        assert len(claim(database)) == 1
        with database.transaction() as connection:
            assert web_pushes.delete_lost(connection) == 0
            connection.execute(update(WebPush).values(claimed_at=WebPush.claimed_at - 700))

        assert claim(database) == []
        with database.transaction() as connection:
            assert web_pushes.is_any_due(connection)
            assert web_pushes.delete_lost(connection) == 1
            assert not web_pushes.is_any_due(connection)

    def test_retry_is_due_later(self, database: Database, users: list[int], phone: int) -> None:
        notify(database, users[0], users[1])
        dispatch(database)
        make_due(database)
        [one] = claim(database)
        with database.transaction() as connection:
            web_pushes.retry(connection, one.key, 100)

        assert claim(database) == []
        make_due(database)
        assert [again.row.attempts for again in claim(database)] == [1]


class TestSubscriptions:
    def test_one_more_than_the_most_ends_the_one_that_was_renewed_first(
        self, database: Database, users: list[int]
    ) -> None:
        with database.transaction() as connection:
            ids = [subscribe(connection, users[0], f"device {number}") for number in range(MOST_OF_USER)]
            connection.execute(update(PushSubscription).values(renewed_at=PushSubscription.renewed_at - 10))
            assert subscribe(connection, users[0], "device 0") == ids[0]  # renewed

            newest = subscribe(connection, users[0], "one more")

            left = {row.id for row in push_subscriptions.of_user(connection, str(users[0]))}
        assert left == {ids[0], *ids[2:], newest}

    def test_it_ends_with_its_login(self, database: Database, users: list[int]) -> None:
        user = str(users[0])
        with database.transaction() as connection:
            for name in ("phone", "laptop", "tablet"):
                subscribe(connection, users[0], name, family=name)
            other = subscribe(connection, users[1], "of another user", family="phone")

            revocations.revoke_family(connection, user, "phone")
            assert len(push_subscriptions.of_user(connection, user)) == 2
            revocations.revoke_user(connection, user, spared_family="tablet")
            assert len(push_subscriptions.of_user(connection, user)) == 1
            revocations.revoke_user(connection, user)
            assert push_subscriptions.of_user(connection, user) == []
            assert [row.id for row in push_subscriptions.of_user(connection, str(users[1]))] == [other]

    def test_pause_holds_up_what_waits_and_what_comes(self, database: Database, users: list[int], phone: int) -> None:
        notify(database, users[0], users[1])
        dispatch(database)
        with database.transaction() as connection:
            push_subscriptions.pause(connection, phone, 1000, is_failure=True)
        notify(database, users[0], users[1])
        dispatch(database)

        with database.reading() as connection:
            due = connection.execute(select(WebPush.due_at)).scalars().all()
            failures = connection.scalar(select(PushSubscription.failures))
        assert all(due_at - time.time() > 990 for due_at in due)
        assert failures == 1

    def test_nobody_removes_the_device_of_another(self, database: Database, users: list[int], phone: int) -> None:
        with database.transaction() as connection:
            push_subscriptions.remove(connection, str(users[1]), phone)
            assert len(push_subscriptions.of_user(connection, str(users[0]))) == 1
            push_subscriptions.remove(connection, str(users[0]), phone)
            assert push_subscriptions.of_user(connection, str(users[0])) == []
