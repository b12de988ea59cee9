"""The inbox over HTTP."""

import pytest

from core import events
from core.db import Database
from tests.rows import write_notification
from tests.services import wait_until
from tests.unit.app.conftest import Call


def test_follow_stays_in_the_inbox_after_it_is_read(call: Call, asked: list[str], ann: int, bob: int) -> None:
    call(ann, "POST", "/user/followings", json={"target": bob})

    inbox = call(bob, "GET", "/user/notifications").json
    [told] = inbox["results"]
    assert (inbox["unread_count"], told["event"], told["read"]) == (1, "following notify", False)
    assert told["data"] == {
        "user_id": ann,
        "user_name": "ann",
        "user_photo": "/static/default-photo.svg",
        "timestamp": told["created_at"],
    }

    assert call(ann, "POST", "/user/notifications/read", json={"ids": [told["id"]]}).json == {"unread_count": 0}
    assert call(bob, "GET", "/user/notifications").json["unread_count"] == 1
    assert call(bob, "POST", "/user/notifications/read", json={"ids": [told["id"], 999]}).json == {"unread_count": 0}
    wait_until(lambda: events.TELL_UNREAD_TASK in asked, seconds=10, what="the push of the unread count is requested")
    assert call(bob, "GET", "/user/notifications").json["results"][0]["read"] is True
    assert call(bob, "GET", f"/user/notifications?before={told['id']}").json["results"] == []


@pytest.mark.parametrize(
    ("languages", "text"),
    [
        (None, "ann likes Rain"),
        ("zh-CN, en;q=0.5", "ann 赞了《Rain》"),
        ("fr", "ann likes Rain"),
        ("not a language;;q=x,", "ann likes Rain"),
    ],
)
def test_each_entry_has_a_text_in_the_readers_language_and_a_link(
    call: Call, ann: int, bob: int, languages: str | None, text: str
) -> None:
    article = call(bob, "POST", "/articles", json={"title": "Rain"}).json["id"]
    call(ann, "POST", f"/articles/{article}/likings")

    answer = call(bob, "GET", "/user/notifications", environ_overrides={"HTTP_ACCEPT_LANGUAGE": languages or ""})

    [told] = answer.json["results"]
    assert (told["text"], told["url"]) == (text, f"/#article-{article}")
    assert "Accept-Language" in answer.headers["Vary"]


def test_entry_whose_data_is_invalid_has_a_text(call: Call, database: Database, ann: int, bob: int) -> None:
    with database.transaction() as connection:
        write_notification(connection, bob, ann, event="liking notify", data='{"art_id": "x"}')

    [told] = call(bob, "GET", "/user/notifications").json["results"]

    assert (told["text"], told["url"]) == ("ann likes …", None)
