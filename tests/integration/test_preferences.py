"""A dispatch keeps to what recipients chose, on both databases."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.core import CounterMetricFamily
from sqlalchemy import insert, select, text, update

from app.models import User
from core import inbox, inbox_counts, inbox_filters, preferences, stranger_requests, withdrawals
from core.counters import Counters
from core.declarations import Event
from core.history import EMPTY
from core.inbox_counts import Counts
from core.models import Notification, Preference
from tests.integration.story import Story
from tests.rows import write_notification

PushBatch = Callable[..., Any]
ALWAYS = {"from": "00:00", "to": "23:59", "zone": "UTC"}


def choose(story: Story, user_id: str | None = None, **patch: Any) -> None:
    with story.database.transaction() as connection:
        preferences.change(connection, user_id or story.ann, patch, Counters(story.redis))


def rows(story: Story) -> dict[int, tuple[bool, str | None]]:
    """By actor: whether the newest notification is dispatched, and why it was not sent."""
    columns = (Notification.actor_id, Notification.dispatched_at, Notification.not_sent)
    with story.database.reading() as connection:
        found = connection.execute(select(*columns).order_by(Notification.id)).all()
    return {int(row.actor_id): (row.dispatched_at is not None, row.not_sent) for row in found}


def state(story: Story) -> tuple[list[int], Counts]:
    """Whose notifications are in Ann's inbox, and her counts."""
    with story.database.reading() as connection:
        listed = inbox.page(connection, story.ann, limit=100)
        return sorted(int(row.actor_id) for row in listed), inbox_counts.count(connection, story.ann)


def counted(story: Story, name: str) -> dict[str, float]:
    [family] = [each for each in Counters(story.redis).collect() if each.name == f"toutiao_{name}"]
    assert isinstance(family, CounterMetricFamily)
    return {next(iter(sample.labels.values())): sample.value for sample in family.samples if sample.value}


def told_counts(story: Story) -> list[int]:
    packets = [push.split(b"\0", 3)[3][2:] for push in story.pushed()]
    return [data["count"] for event, data in map(json.loads, packets) if event == "unread"]


class TestMuted:
    @pytest.mark.parametrize(
        "patch",
        [
            {"events": {"following notify": {"in_app": False}}},
            {"categories": {"people": {"in_app": False}}},
        ],
    )
    def test_muted_event_is_neither_pushed_nor_listed_nor_counted(
        self, push_batch: PushBatch, story: Story, patch: dict[str, Any]
    ) -> None:
        choose(story, **patch)

        push_batch(story.resources(), limit=100)

        assert rows(story) == dict.fromkeys(story.others, (True, "muted"))
        assert story.history.read_after(story.ann, EMPTY).packets == []
        assert state(story) == ([], Counts())
        assert told_counts(story) == [0]
        assert counted(story, "not_sent") == {"muted": len(story.others)}

    def test_muted_person_is_one_among_others(self, push_batch: PushBatch, story: Story) -> None:
        first, *rest = story.others
        choose(story, muted=[str(first)])

        push_batch(story.resources(), limit=100)

        assert rows(story) == {first: (True, "muted"), **dict.fromkeys(rest, (True, None))}
        assert [told["user_id"] for told in story.replayed()] == rest
        assert state(story) == (rest, Counts(len(rest), len(rest)))
        assert told_counts(story) == [len(rest)]

    def test_what_others_chose_does_not_matter(self, push_batch: PushBatch, story: Story) -> None:
        choose(story, str(story.others[0]), events={"following notify": {"in_app": False}})

        push_batch(story.resources(), limit=100)

        assert len(story.replayed()) == len(story.others)

    def test_history_that_begins_after_muted_ones_is_whole(self, push_batch: PushBatch, story: Story) -> None:
        choose(story, muted=[str(story.others[0])])
        push_batch(story.resources(), limit=1)
        push_batch(story.resources(), limit=100)

        assert story.history.read_after(story.ann, EMPTY).is_covered

    def test_withdrawal_of_a_muted_one_tells_nobody(self, push_batch: PushBatch, story: Story) -> None:
        choose(story, muted=[str(other) for other in story.others])
        push_batch(story.resources(), limit=100)

        with story.database.transaction() as connection:
            one = connection.execute(select(Notification.id).limit(1)).scalar_one()
            withdrawals.withdraw(connection, one)

        assert story.waiting() == 0

    def test_withdrawn_during_the_dispatch_is_told_as_withdrawn(self, push_batch: PushBatch, story: Story) -> None:
        choose(story, muted=[str(story.others[0])])
        with story.database.reading() as connection:
            one = connection.execute(select(Notification.id).order_by(Notification.id).limit(1)).scalar_one()

        class Emitter:
            def push(self, _pushes: Any) -> None:
                with story.database.transaction() as connection:
                    withdrawals.withdraw(connection, one)

        push_batch(story.resources(emitter=Emitter()), limit=100)

        assert story.waiting() == 1
        push_batch(story.resources(), limit=100)
        assert rows(story)[story.others[0]] == (True, None)


class TestSilent:
    @pytest.mark.parametrize(
        ("patch", "is_silent"),
        [
            ({"quiet_hours": ALWAYS}, True),
            ({"events": {"following notify": {"toast": False}}}, True),
            ({"events": {"liking notify": {"toast": False}}}, False),
        ],
    )
    def test_silent_is_in_the_payload_only_where_it_is_true(
        self, push_batch: PushBatch, story: Story, patch: dict[str, Any], is_silent: bool
    ) -> None:
        choose(story, **patch)

        push_batch(story.resources(), limit=100)

        told = story.replayed()
        assert len(told) == len(story.others)
        assert [each.get("silent") for each in told] == [True if is_silent else None] * len(told)
        assert state(story)[1].unread == len(told)

    def test_default_of_the_declaration_counts_without_a_choice(
        self, push_batch: PushBatch, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from core import declarations

        monkeypatch.setattr(declarations, "_by_name", dict(declarations._by_name))
        monkeypatch.setattr(declarations, "_known_names", declarations.known_names())

        class Digest(Event, name="digest", off_by_default=("toast",)):
            pass

        with story.database.transaction() as connection:
            write_notification(connection, story.ann, None, event="digest")

        push_batch(story.resources(), limit=100)

        assert [told.get("silent") for told in story.replayed()] == [None] * len(story.others) + [True]


class TestStrangers:
    @pytest.fixture(autouse=True)
    def _old_accounts(self, story: Story) -> None:
        with story.database.transaction() as connection:
            connection.execute(update(User).values(created_at=5))

    @pytest.fixture
    def friend(self, story: Story) -> int:
        """Somebody whom Ann follows."""
        from app.services import followings

        with story.database.transaction() as connection:
            followings.follow(connection, follower_id=int(story.ann), target_id=story.others[0])
            connection.execute(text("DELETE FROM notifications WHERE recipient_id <> :ann"), {"ann": story.ann})
        return story.others[0]

    @pytest.mark.parametrize(("chosen", "reason"), [("filter", "filtered"), ("drop", "dropped"), ("accept", None)])
    def test_strangers_are_held_back_and_friends_are_not(
        self, push_batch: PushBatch, story: Story, friend: int, chosen: str, reason: str | None
    ) -> None:
        choose(story, strangers=chosen)

        push_batch(story.resources(), limit=100)

        assert rows(story) == {**dict.fromkeys(story.others, (True, reason)), friend: (True, None)}
        assert len(story.replayed()) == (len(story.others) if reason is None else 1)

    def test_what_is_let_in_is_pushed_silently_and_the_person_is_no_stranger_any_more(
        self, push_batch: PushBatch, story: Story
    ) -> None:
        choose(story, strangers="filter")
        push_batch(story.resources(), limit=100)
        with story.database.transaction() as connection:
            requests = stranger_requests.page(
                connection, story.ann, inbox_filters.EVERYTHING, muted=(), limit=10, before=None
            )
            people = stranger_requests.let_in(connection, story.ann, [requests[0].id])
            preferences.change_people(connection, story.ann, Counters(story.redis), accepted=people)
        assert state(story)[0] == [int(requests[0].actor_id)]

        push_batch(story.resources(), limit=100)

        assert [(told["id"], told["silent"]) for told in story.replayed()] == [(requests[0].id, True)]
        assert (told_counts(story), story.waiting()) == ([0, 1], 0)
        with story.database.transaction() as connection:
            write_notification(connection, story.ann, requests[0].actor_id)
        push_batch(story.resources(), limit=100)
        assert "silent" not in story.replayed()[-1]

    def test_failure_of_the_loader_delays_only_what_depends_on_it(self, push_batch: PushBatch, story: Story) -> None:
        def fail(connection: Any, _pairs: Any) -> Any:
            connection.execute(text("SELECT no_such_column FROM users"))

        choose(story, strangers="drop", accepted=[str(story.others[0])])
        with story.database.transaction() as connection:
            other = write_notification(connection, story.others[0], story.others[1])

        outcome = push_batch(story.resources(knows=fail), limit=100)

        assert len(outcome.failed) == len(story.others) - 1
        assert other in outcome.pushed
        assert [told["user_id"] for told in story.replayed()] == story.others[:1]
        assert story.attempts() == {1}
        push_batch(story.resources(), limit=100)
        assert (story.waiting(), counted(story, "not_sent")) == (0, {"dropped": len(story.others) - 1})

    def test_without_a_loader_nobody_is_a_stranger(self, push_batch: PushBatch, story: Story) -> None:
        choose(story, strangers="drop")

        push_batch(story.resources(knows=None), limit=100)

        assert len(story.replayed()) == len(story.others)


class TestLongDocument:
    def test_it_counts_beside_short_ones(self, push_batch: PushBatch, story: Story) -> None:
        many = [str(10**9 + number) for number in range(preferences.MOST_PEOPLE - 1)]
        choose(story, muted=[*many, str(story.others[0])])
        other = str(story.others[1])
        choose(story, other, events={"following notify": {"in_app": False}})
        with story.database.transaction() as connection:
            write_notification(connection, other, story.ann)

        push_batch(story.resources(), limit=100)

        muted = {story.others[0]: (True, "muted"), int(story.ann): (True, "muted")}
        assert rows(story) == {**dict.fromkeys(story.others, (True, None)), **muted}


class TestChange:
    def test_it_counts_from_the_next_dispatch_on(self, push_batch: PushBatch, story: Story) -> None:
        first, second, *_ = map(str, story.others)
        choose(story, muted=[first])
        push_batch(story.resources(), limit=100)
        choose(story, muted=[second])
        with story.database.transaction() as connection:
            new = {actor: write_notification(connection, story.ann, actor) for actor in (first, second)}

        push_batch(story.resources(), limit=100)

        assert [told["id"] for told in story.replayed()[-1:]] == [new[first]]
        assert rows(story)[int(second)] == (True, "muted")


class TestSpoiledDocument:
    def test_it_costs_only_its_own_user(self, push_batch: PushBatch, story: Story) -> None:
        other = str(story.others[0])
        choose(story, other, events={"following notify": {"in_app": False}})
        with story.database.transaction() as connection:
            spoiled = {"user_id": story.ann, "document": '{"muted": 5, "strangers"', "updated_at": 1}
            connection.execute(insert(Preference).values(spoiled))
            write_notification(connection, other, story.ann)

        push_batch(story.resources(), limit=100)

        assert rows(story) == {**dict.fromkeys(story.others, (True, None)), int(story.ann): (True, "muted")}
        assert len(story.replayed()) == len(story.others)
        assert counted(story, "bad_preferences") == {"document": 1}
