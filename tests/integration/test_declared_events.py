"""A worker keeps to the declarations: it checks rows, asks before it pushes, and knows former names."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from core import declarations, inbox_counts, outbox
from core.declarations import Event
from core.models import Notification
from tests.integration.story import Story
from tests.rows import write_notification

PushBatch = Callable[..., Any]


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declarations, "_by_name", dict(declarations._by_name))
    monkeypatch.setattr(declarations, "_known_names", declarations.known_names())


def declare_liked() -> None:
    class Liked(Event, name="liked", former_names=("like",)):
        art_id: int

        @classmethod
        def should_send(cls, *, recipient_id: Any, actor_id: Any, payload: Any) -> bool:
            return bool(100 // payload["art_id"] != 10)


def write(story: Story, *all_data: str, event: str = "liked") -> list[int]:
    with story.database.transaction() as connection:
        fan = story.others[0]
        return [write_notification(connection, story.ann, fan, event=event, data=data) for data in all_data]


def reasons(story: Story, ids: list[int]) -> list[tuple[bool, str | None]]:
    columns = (Notification.dispatched_at, Notification.failure_reason)
    with story.database.reading() as connection:
        rows = connection.execute(select(*columns).where(Notification.id.in_(ids)).order_by(Notification.id)).all()
    return [(row.dispatched_at is not None, row.failure_reason) for row in rows]


def test_row_that_does_not_fit_its_event_is_dead_lettered_alone(push_batch: PushBatch, story: Story) -> None:
    declare_liked()
    bad, good = write(story, '{"art_id": "1"}', '{"art_id": 1}')

    outcome = push_batch(story.resources(), limit=100)

    assert outcome.failed == [bad]
    assert good in outcome.pushed
    assert story.replayed()[-1]["art_id"] == 1
    [(is_dispatched, reason)] = reasons(story, [bad])
    assert not is_dispatched
    assert reason == "InvalidData: data of 'liked' does not fit: art_id: Input should be a valid integer"


def test_former_name_is_pushed_under_the_current_one(push_batch: PushBatch, story: Story) -> None:
    declare_liked()
    write(story, '{"art_id": 1}', event="like")

    push_batch(story.resources(), limit=100)

    packet = story.pushed()[len(story.others)]
    assert b'42["liked",{"art_id":1' in packet


@pytest.mark.parametrize("is_alone", [True, False], ids=["alone", "among others"])
def test_what_should_not_be_sent_stays_in_the_inbox(push_batch: PushBatch, story: Story, is_alone: bool) -> None:
    if is_alone:
        push_batch(story.resources(), limit=100)
    declare_liked()
    unwanted = write(story, '{"art_id": 10}')
    story.emitter.pushed.clear()

    push_batch(story.resources(), limit=100)

    assert reasons(story, unwanted) == [(True, outbox.NOT_SENT)]
    assert story.waiting() == 0
    assert all("art_id" not in data for data in story.replayed())
    with story.database.reading() as connection:
        assert inbox_counts.count(connection, story.ann).unread == len(story.others) + 1
    assert f'42["unread",{{"count":{len(story.others) + 1},'.encode() in story.pushed()[-1]


def test_failure_of_should_send_is_a_failure_of_one_notification(push_batch: PushBatch, story: Story) -> None:
    declare_liked()
    failing, good = write(story, '{"art_id": 0}', '{"art_id": 1}')

    outcome = push_batch(story.resources(), limit=100)

    assert outcome.failed == [failing]
    assert good in outcome.pushed
    [(is_dispatched, reason)] = reasons(story, [failing])
    assert not is_dispatched
    assert reason is not None
    assert reason.startswith("ZeroDivisionError")
