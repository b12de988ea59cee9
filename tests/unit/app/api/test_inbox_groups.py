"""Groups over HTTP: lists, counts and marks."""

from typing import Any

import pytest
from sqlalchemy import func, select, update

from core.db import Database
from core.models import Notification
from tests.rows import write_notification
from tests.unit.app.conftest import Call

LIST = "/user/notifications"


@pytest.fixture
def follows(database: Database, ann: int, bob: int) -> list[int]:
    """Ids of what Bob was told: three follows of a group, one of an older group, and one of none."""
    ids = []
    with database.transaction() as connection:
        for group_id, actor in ((1, 77), (2, ann), (2, 88), (2, 99), (None, ann)):
            columns = {"group_key": group_id and "following", "group_id": group_id and -group_id}
            ids.append(write_notification(connection, bob, actor, **columns))
        for group_id, at in ((-1, 0), (-2, 1)):
            its = update(Notification).where(Notification.group_id == group_id)
            connection.execute(its.values(group_id=ids[at]))
    return ids


def listed(call: Call, user: int, query: str = "") -> list[dict[str, Any]]:
    answer = call(user, "GET", f"{LIST}?{query}")
    assert answer.status_code == 200, answer.json
    results: list[dict[str, Any]] = answer.json["results"]
    return results


def test_each_entry_says_in_which_group_it_is(call: Call, follows: list[int], ann: int, bob: int) -> None:
    alone, newest, *rest, oldest = listed(call, bob)

    assert (alone["group"], alone["group_id"], alone["count"], alone["actor_count"]) == (None, None, 1, 1)
    assert [person["name"] for person in alone["actors"]] == ["ann"]
    assert (newest["group"], newest["group_id"]) == ("following", follows[1])
    assert {(one["count"], one["actor_count"]) for one in (newest, *rest)} == {(3, 3)}
    assert newest["actors"] == [
        {"id": 99, "name": "", "photo": "/static/default-photo.svg"},
        {"id": 88, "name": "", "photo": "/static/default-photo.svg"},
        {"id": ann, "name": "ann", "photo": "/static/default-photo.svg"},
    ]
    assert (oldest["group_id"], oldest["count"]) == (follows[0], 1)
    assert newest["text"] == "Somebody follows you now"


@pytest.mark.parametrize(
    ("language", "text"), [("en", "Somebody and 2 others follow you now"), ("zh", "有人 等 3 人关注了你")]
)
def test_collapsed_list_has_the_newest_of_each_group(
    call: Call, follows: list[int], bob: int, language: str, text: str
) -> None:
    answer = call(bob, "GET", f"{LIST}?groups=true", environ_overrides={"HTTP_ACCEPT_LANGUAGE": language})

    assert [one["id"] for one in answer.json["results"]] == [follows[4], follows[3], follows[0]]
    assert answer.json["results"][1]["text"] == text
    assert answer.json["unread_count"] == 5


def test_page_begins_where_the_one_before_ended(call: Call, follows: list[int], bob: int) -> None:
    assert [one["id"] for one in listed(call, bob, "groups=true&limit=1")] == [follows[4]]
    assert [one["id"] for one in listed(call, bob, f"groups=true&before={follows[4]}&limit=1")] == [follows[3]]
    assert [one["id"] for one in listed(call, bob, f"groups=true&before={follows[3]}")] == [follows[0]]
    assert listed(call, bob, f"groups=true&before={follows[0]}") == []


def test_group_is_what_is_in_the_state(call: Call, follows: list[int], bob: int) -> None:
    call(bob, "POST", f"{LIST}/state", json={"ids": [follows[3]], "archived": True})
    call(bob, "POST", f"{LIST}/state", json={"ids": [follows[2]], "read": True})

    everything = listed(call, bob, "groups=true")
    unread = listed(call, bob, "groups=true&state=unread")
    archived = listed(call, bob, "groups=true&state=archived")

    assert [(one["id"], one["count"]) for one in everything] == [(follows[4], 1), (follows[2], 2), (follows[0], 1)]
    assert [(one["id"], one["count"]) for one in unread] == [(follows[4], 1), (follows[1], 1), (follows[0], 1)]
    assert [(one["id"], one["count"]) for one in archived] == [(follows[3], 1)]


def test_members_of_a_text_are_listed_and_counted(
    call: Call, follows: list[int], database: Database, ann: int, bob: int
) -> None:
    assert [one["id"] for one in listed(call, bob, "group=following")] == follows[3::-1]
    assert [one["id"] for one in listed(call, bob, "group=following&limit=2")] == follows[3:1:-1]
    assert listed(call, bob, "group=liking:5") == []
    assert listed(call, ann, "group=following") == []
    counts = call(bob, "GET", f"{LIST}/counts?group=following").json
    assert (counts["all"], counts["unread"], counts["archived"]) == (4, 4, 0)

    call(bob, "POST", f"{LIST}/state", json={"filter": {"group": "following"}, "read": True})

    assert call(bob, "GET", LIST).json["unread_count"] == 1


@pytest.mark.parametrize("change", [{"read": True}, {"seen": True}, {"archived": True}])
def test_mark_of_a_row_is_that_of_all_that_is_gathered_under_it(
    call: Call, follows: list[int], bob: int, change: dict[str, bool]
) -> None:
    body = {"ids": [follows[2]], "groups": True, "with_ids": True, **change}

    assert call(bob, "POST", f"{LIST}/state", json=body).json["ids"] == [follows[2], follows[1]]
    taken_back = dict.fromkeys(change, False)
    assert call(bob, "POST", f"{LIST}/state", json={**body, **taken_back}).json["ids"] == [follows[2], follows[1]]


def test_other_peoples_groups_stay(call: Call, follows: list[int], database: Database, ann: int, bob: int) -> None:
    call(ann, "POST", f"{LIST}/state", json={"ids": [follows[3]], "groups": True, "read": True})

    with database.reading() as connection:
        assert connection.scalar(select(func.count()).where(Notification.read_at.is_not(None))) == 0


@pytest.mark.parametrize(
    "group", ["unknown", "", "x" * 1001, "following2", "liking", "%00", "{art_id}", "Following"], ids=str
)
def test_text_that_no_event_makes_is_refused(call: Call, bob: int, group: str) -> None:
    for path in (LIST, f"{LIST}/counts"):
        answer = call(bob, "GET", f"{path}?group={group}")
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["group"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"filter": {}, "groups": True, "read": True}, "groups"),
        ({"filter": {"group": "unknown"}, "read": True}, "filter"),
        ({"ids": [1], "groups": "yes", "read": True}, "groups"),
        ({"ids": [1], "groups": True}, "read"),
    ],
)
def test_bad_mark_names_its_field(call: Call, bob: int, body: dict[str, Any], field: str) -> None:
    answer = call(bob, "POST", f"{LIST}/state", json=body)

    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


@pytest.mark.parametrize("value", ["maybe", "2", ""])
def test_groups_is_yes_or_no(call: Call, bob: int, value: str) -> None:
    answer = call(bob, "GET", f"{LIST}?groups={value}")

    assert (answer.status_code, list(answer.json["errors"])) == (422, ["groups"])
