"""Requests over HTTP: they are listed apart, let in, or refused."""

import pytest
from flask import Flask
from sqlalchemy import Connection, select

from core import events, preferences
from core.db import Database
from core.models import Notification
from tests.rows import write_notification
from tests.services import wait_until
from tests.unit.app.conftest import Call


@pytest.fixture
def requests(database: Database, ann: int, bob: int, eve: int) -> list[int]:
    """The ids of what bob, bob and eve did to ann. A worker has filtered it. Ann has one other notification."""
    with database.transaction() as connection:
        write_notification(connection, ann, bob, dispatched_at=5)
        return [_filtered(connection, ann, actor) for actor in (bob, bob, eve)]


def _filtered(connection: Connection, recipient_id: int, actor_id: int) -> int:
    return write_notification(connection, recipient_id, actor_id, dispatched_at=5, not_sent="filtered")


def listed(call: Call, user_id: int, state: str, more: str = "") -> list[int]:
    results = call(user_id, "GET", f"/user/notifications?state={state}{more}").json["results"]
    return [told["id"] for told in results]


def counted(call: Call, user_id: int, query: str = "") -> int:
    count: int = call(user_id, "GET", f"/user/notifications/counts{query}").json["requests"]
    return count


def test_requests_are_listed_apart_and_not_counted(call: Call, ann: int, bob: int, requests: list[int]) -> None:
    answer = call(ann, "GET", "/user/notifications?state=requests").json

    assert [told["id"] for told in answer["results"]] == requests[::-1]
    assert answer["results"][0]["text"] == "eve follows you now"
    assert (answer["unread_count"], answer["unseen_count"]) == (1, 1)
    assert len(listed(call, ann, "all")) == 1
    assert listed(call, ann, "requests", f"&before={requests[1]}") == requests[:1]
    assert listed(call, ann, "requests", "&limit=1&category=people") == requests[2:]
    assert listed(call, ann, "requests", "&category=articles") == []
    assert listed(call, bob, "requests") == []


def test_requests_of_muted_people_are_left_out(call: Call, ann: int, bob: int, requests: list[int]) -> None:
    call(ann, "PUT", f"/user/preferences/muted/{bob}")

    assert listed(call, ann, "requests") == requests[2:]
    assert counted(call, ann) == 1


def test_requests_are_counted_apart(call: Call, ann: int, bob: int, requests: list[int]) -> None:
    every = call(ann, "GET", "/user/notifications/counts").json

    assert every == {"all": 1, "unread": 1, "unseen": 1, "archived": 0, "requests": len(requests)}
    assert (counted(call, ann, "?category=people"), counted(call, ann, "?category=articles")) == (3, 0)
    assert counted(call, bob) == 0


def test_no_count_of_requests_is_above_1000(call: Call, database: Database, ann: int, bob: int) -> None:
    with database.transaction() as connection:
        for _ in range(1005):
            _filtered(connection, ann, bob)

    assert counted(call, ann) == 1000


def test_what_is_let_in_is_in_the_inbox_and_in_the_outbox(
    call: Call, database: Database, asked: list[str], ann: int, requests: list[int]
) -> None:
    answer = call(ann, "POST", "/user/notifications/requests", json={"ids": [*requests[:2], 99], "accept": True})

    assert answer.json == {"unread_count": 3, "unseen_count": 3}
    assert set(requests[:2]) < set(listed(call, ann, "unread"))
    assert listed(call, ann, "requests") == requests[2:]
    [person] = call(ann, "GET", "/user/preferences").json["people"]
    assert person["name"] == "bob"
    wait_until(lambda: events.DISPATCH_TASK in asked, seconds=10, what="a dispatch is requested")
    with database.reading() as connection:
        times = select(Notification.dispatched_at, Notification.pushed_at).where(Notification.id.in_(requests[:2]))
        assert connection.execute(times).all() == [(None, 5)] * 2


def test_what_is_refused_is_gone(call: Call, ann: int, requests: list[int]) -> None:
    answer = call(ann, "POST", "/user/notifications/requests", json={"ids": requests[:2], "accept": False})

    assert answer.json == {"unread_count": 1, "unseen_count": 1}
    assert listed(call, ann, "requests") == requests[2:]
    assert len(listed(call, ann, "all")) == 1


def test_requests_of_others_and_other_notifications_are_ignored(
    call: Call, ann: int, bob: int, requests: list[int]
) -> None:
    mine = listed(call, ann, "all")

    for user_id, accept in ((bob, True), (bob, False), (ann, False)):
        ids = mine if user_id == ann else requests
        assert (
            call(user_id, "POST", "/user/notifications/requests", json={"ids": ids, "accept": accept}).status_code
            == 200
        )

    assert listed(call, ann, "requests") == requests[::-1]
    assert listed(call, ann, "all") == mine
    assert call(bob, "GET", "/user/preferences").json["accepted"] == []


def test_nothing_is_let_in_where_too_many_people_are_accepted(
    app: Flask, call: Call, database: Database, ann: int, requests: list[int]
) -> None:
    with database.transaction() as connection:
        full = frozenset(map(str, range(1001, 2001)))
        preferences.change_people(connection, str(ann), app.extensions["toutiao"].counters, accepted=full)

    refused = call(ann, "POST", "/user/notifications/requests", json={"ids": requests, "accept": True})

    assert (refused.status_code, list(refused.json["errors"])) == (422, ["accepted"])
    assert listed(call, ann, "requests") == requests[::-1]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"accept": True}, "ids"),
        ({"ids": [], "accept": True}, "ids"),
        ({"ids": list(range(1, 1002)), "accept": True}, "ids"),
        ({"ids": ["1"], "accept": True}, "ids"),
        ({"ids": [1]}, "accept"),
        ({"ids": [1], "accept": "yes"}, "accept"),
    ],
)
def test_bad_answer_names_its_field(call: Call, ann: int, body: dict[str, object], field: str) -> None:
    refused = call(ann, "POST", "/user/notifications/requests", json=body)

    assert (refused.status_code, list(refused.json["errors"])) == (422, [field])


def test_requests_can_not_be_marked(call: Call, ann: int, requests: list[int]) -> None:
    call(ann, "POST", "/user/notifications/state", json={"ids": requests, "archived": True})

    assert listed(call, ann, "requests") == requests[::-1]
    assert listed(call, ann, "archived") == []


def test_request_of_who_does_not_follow_any_more_is_gone(call: Call, ann: int, bob: int, requests: list[int]) -> None:
    call(bob, "POST", "/user/followings", json={"target": ann})

    call(bob, "DELETE", f"/user/followings/{ann}")

    assert listed(call, ann, "requests") == requests[2:]
