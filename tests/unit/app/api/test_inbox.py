"""The inbox over HTTP."""

import pytest
from sqlalchemy import insert

from core import events
from core.db import Database
from core.models import Notification
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
    wait_until(lambda: events.TELL_STATE_TASK in asked, seconds=10, what="the push of the unread count is requested")
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


@pytest.fixture
def three(call: Call, ann: int, bob: int, eve: int) -> list[int]:
    """The ids of bob's notifications, newest first: a like of ann, a follow of eve and one of ann."""
    for follower in (ann, eve):
        call(follower, "POST", "/user/followings", json={"target": bob})
    article = call(bob, "POST", "/articles", json={"title": "Rain"}).json["id"]
    call(ann, "POST", f"/articles/{article}/likings")
    return ids_of(call, bob)


def ids_of(call: Call, user_id: int, query: str = "") -> list[int]:
    answer = call(user_id, "GET", f"/user/notifications{query}")
    assert answer.status_code == 200, answer.json
    return [entry["id"] for entry in answer.json["results"]]


def test_list_is_filtered_by_state_and_category(call: Call, bob: int, three: list[int]) -> None:
    call(bob, "POST", "/user/notifications/state", json={"ids": [three[0]], "archived": True})
    call(bob, "POST", "/user/notifications/state", json={"ids": [three[1]], "read": True})

    lists = {query: ids_of(call, bob, f"?{query}") for query in ("state=all", "state=unread", "state=archived")}
    assert lists == {"state=all": three[1:], "state=unread": [three[2]], "state=archived": [three[0]]}
    assert ids_of(call, bob) == three[1:]
    assert ids_of(call, bob, "?category=people&limit=1") == [three[1]]
    assert ids_of(call, bob, f"?category=people&before={three[1]}") == [three[2]]
    assert ids_of(call, bob, "?category=articles") == []


def test_entry_has_its_category_and_times(call: Call, bob: int, three: list[int]) -> None:
    call(bob, "POST", "/user/notifications/state", json={"ids": three[:1], "seen": True})

    newest, other, _ = call(bob, "GET", "/user/notifications").json["results"]

    assert (newest["category"], newest["read"]) == ("articles", False)
    assert newest["seen_at"] >= newest["created_at"]
    times = ("seen_at", "read_at", "archived_at")
    assert [newest["read_at"], newest["archived_at"], *(other[time] for time in times)] == [None] * 5


def test_marks_are_answered_with_the_counts_and_told(call: Call, asked: list[str], bob: int, three: list[int]) -> None:
    def mark(**body: object) -> object:
        return call(bob, "POST", "/user/notifications/state", json=body).json

    assert mark(ids=three[:2], seen=True) == {"unread_count": 3, "unseen_count": 1}
    assert mark(filter={"category": "people"}, read=True) == {"unread_count": 1, "unseen_count": 0}
    assert mark(filter={"up_to": three[1]}, archived=True) == {"unread_count": 1, "unseen_count": 0}
    assert mark(filter={}, seen=False) == {"unread_count": 1, "unseen_count": 1}
    assert mark(filter={"state": "archived"}, archived=False, read=False) == {"unread_count": 3, "unseen_count": 1}
    counted = call(bob, "GET", "/user/notifications/counts").json
    assert counted == {"all": 3, "unread": 3, "unseen": 1, "archived": 0, "requests": 0}
    people = call(bob, "GET", "/user/notifications/counts?category=people").json
    assert people == {"all": 2, "unread": 2, "unseen": 0, "archived": 0, "requests": 0}
    wait_until(lambda: events.TELL_STATE_TASK in asked, seconds=10, what="the push of the counts is requested")


def test_mark_of_a_filter_is_taken_back_exactly(call: Call, bob: int, three: list[int]) -> None:
    """One was read before, and stays read."""

    def mark(**body: object) -> list[int]:
        answer = call(bob, "POST", "/user/notifications/state", json={**body, "with_ids": True})
        return answer.json["ids"]  # type: ignore[no-any-return]

    assert mark(ids=[three[1], 999], read=True) == [three[1]]

    changed = mark(filter={}, read=True)

    assert changed == [three[0], three[2]]
    assert mark(ids=changed, read=False) == changed
    assert ids_of(call, bob, "?state=unread") == changed


@pytest.mark.parametrize(("count", "named"), [(10_000, 10_000), (10_001, None)])
def test_more_than_10000_changes_are_not_named(
    call: Call, database: Database, bob: int, count: int, named: int | None
) -> None:
    with database.transaction() as connection:
        rows = [{"recipient_id": str(bob), "event": "following notify"}] * count
        connection.execute(insert(Notification), rows)

    body = {"filter": {}, "read": True, "with_ids": True}
    answer = call(bob, "POST", "/user/notifications/state", json=body).json

    assert (answer["unread_count"], answer["ids"] and len(answer["ids"])) == (0, named)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"read": True}, "ids"),
        ({"ids": [1], "with_ids": True}, "read"),
        ({"ids": [1], "read": True, "with_ids": 1}, "with_ids"),
        ({"ids": [1], "filter": {}, "read": True}, "ids"),
        ({"ids": [1]}, "read"),
        ({"ids": [1], "read": 1}, "read"),
        ({"ids": [1], "archived": "true"}, "archived"),
        ({"ids": [1], "seen": None}, "seen"),
        ({"ids": [1], "read": True, "seen": False}, "seen"),
        ({"ids": list(range(1, 1002)), "read": True}, "ids"),
        ({"ids": ["1"], "read": True}, "ids"),
        ({"ids": None, "read": True}, "ids"),
        ({"filter": {"state": "new"}, "read": True}, "filter"),
        ({"filter": {"category": "weather"}, "read": True}, "filter"),
        ({"filter": {"up_to": 0}, "read": True}, "filter"),
        ({"filter": {"event": "x"}, "read": True}, "filter"),
        ({"filter": [], "read": True}, "filter"),
        ({"ids": [1], "deleted": True}, "deleted"),
    ],
)
def test_wrong_mark_is_refused_with_the_field(call: Call, bob: int, body: object, field: str) -> None:
    answer = call(bob, "POST", "/user/notifications/state", json=body)

    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?state=new", "state"),
        ("?state=", "state"),
        ("?category=weather", "category"),
        ("?category=%00", "category"),
        ("/counts?category=weather", "category"),
        ("?before=x", "before"),
        ("?befor=5&limit=20", "befor"),
        ("?colour=red", "colour"),
        ("/counts?state=unread", "state"),
    ],
)
def test_wrong_filter_is_refused_with_the_field(call: Call, bob: int, query: str, field: str) -> None:
    answer = call(bob, "GET", f"/user/notifications{query}")

    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
