"""Likes, and what their authors are told of them."""

import pytest
from sqlalchemy import Connection

from app.services import articles, likings
from core import inbox, inbox_marks
from core.inbox_filters import EVERYTHING
from core.inbox_marks import Change
from tests.rows import write_notification


@pytest.fixture
def article(connection: Connection, bob: int) -> int:
    return articles.publish(connection, author_id=bob, title="Rain")["id"]


def inbox_of(connection: Connection, user_id: int) -> list[int]:
    return [int(row.actor_id) for row in inbox.page(connection, str(user_id), limit=100)]


def test_like_that_is_taken_back_before_it_was_seen_is_withdrawn(
    connection: Connection, ann: int, bob: int, eve: int, article: int
) -> None:
    other = articles.publish(connection, author_id=bob, title="Rain")["id"]
    for liker, liked in ((ann, article), (ann, other), (eve, article)):
        likings.like(connection, user_id=liker, article_id=liked)

    assert likings.take_back(connection, user_id=ann, article_id=article)

    assert inbox_of(connection, bob) == [eve, ann]
    assert not likings.take_back(connection, user_id=ann, article_id=article)


@pytest.mark.parametrize("change", [Change(seen=True), Change(read=True), Change(archived=True)])
def test_like_that_was_seen_stays_in_the_inbox(
    connection: Connection, ann: int, bob: int, article: int, change: Change
) -> None:
    likings.like(connection, user_id=ann, article_id=article)
    inbox_marks.mark_batch(connection, str(bob), EVERYTHING, change)

    assert not likings.take_back(connection, user_id=ann, article_id=article)


def test_rows_with_invalid_data_hold_up_nothing(connection: Connection, ann: int, bob: int, article: int) -> None:
    for data in ("[]", "{", '{"art_id": "x"}', "null"):
        write_notification(connection, bob, ann, event="liking notify", data=data)
    likings.like(connection, user_id=ann, article_id=article)

    assert likings.take_back(connection, user_id=ann, article_id=article)

    assert len(inbox_of(connection, bob)) == 4


def test_nothing_is_withdrawn_where_nothing_was_liked(connection: Connection, ann: int, article: int) -> None:
    assert not likings.take_back(connection, user_id=ann, article_id=article)
    assert not likings.take_back(connection, user_id=ann, article_id=article + 1)
