"""What a user wants to be told, over HTTP."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from core.declarations import Event
from tests.unit.app.conftest import Call

QUIET = {"from": "22:00", "to": "07:00", "zone": "Asia/Shanghai"}
ON = {"in_app": True, "toast": True, "web_push": True}


@pytest.fixture
def alarm(registry: None) -> type[Event]:
    class Alarm(Event, name="alarm", category="safety", text={"en": "An alarm"}, required=True):
        pass

    return Alarm


def test_defaults_are_those_of_the_events(call: Call, ann: int, alarm: type[Event]) -> None:
    told = call(ann, "GET", "/user/preferences").json

    assert told.pop("events")["alarm"] == {**ON, "category": "safety", "text": "An alarm", "required": True}
    assert told.pop("categories") == {
        "articles": {**ON, "required": False},
        "people": {**ON, "required": False},
        "safety": {**ON, "required": True},
    }
    assert told == {"muted": [], "accepted": [], "people": [], "quiet_hours": None, "strangers": "accept"}


def test_choices_are_kept_and_shown_as_they_count(call: Call, ann: int, bob: int) -> None:
    patch = {
        "categories": {"articles": {"in_app": False, "toast": False}},
        "events": {"liking notify": {"in_app": True}},
        "muted": [bob, "f0c6"],
        "quiet_hours": QUIET,
        "strangers": "filter",
    }

    answer = call(ann, "PATCH", "/user/preferences", json=patch)

    assert answer.status_code == 200
    told = call(ann, "GET", "/user/preferences").json
    assert answer.json == told
    liking, comment = (told["events"][name] for name in ("liking notify", "comment notify"))
    assert [liking[channel] for channel in ON] == [True, False, True]
    assert [comment[channel] for channel in ON] == [False, False, True]
    assert told["categories"]["articles"] == {"in_app": False, "toast": False, "web_push": True, "required": False}
    assert (told["muted"], told["quiet_hours"], told["strangers"]) == ([bob, "f0c6"], QUIET, "filter")
    assert told["people"] == [{"id": bob, "name": "bob", "photo": None}]
    back = {"categories": {"articles": None}, "events": None, "muted": None, "quiet_hours": None, "strangers": None}
    call(ann, "PATCH", "/user/preferences", json=back)
    assert call(ann, "GET", "/user/preferences").json == call(bob, "GET", "/user/preferences").json


def test_texts_are_in_the_readers_language(call: Call, ann: int) -> None:
    answer = call(ann, "GET", "/user/preferences", environ_overrides={"HTTP_ACCEPT_LANGUAGE": "zh-CN"})

    assert answer.json["events"]["following notify"]["text"] == "有人 关注了你"
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        ({"categories": {"nothing": {"toast": False}}}, "categories.nothing"),
        ({"events": {"nobody declared": {"toast": False}}}, "events.nobody declared"),
        ({"events": {"following notify": {"email": False}}}, "events.following notify.value.email"),
        ({"events": {"following notify": {"toast": "no"}}}, "events.following notify.value.toast"),
        ({"events": {"alarm": {"in_app": False}}}, "events.alarm.in_app"),
        ({"categories": {"safety": {"in_app": False}}}, "categories.safety.in_app"),
        ({"quiet_hours": {**QUIET, "from": "25:00"}}, "quiet_hours.from"),
        ({"quiet_hours": {"from": "22:00", "zone": "UTC"}}, "quiet_hours.to"),
        ({"quiet_hours": {**QUIET, "zone": "Mars/Base"}}, "quiet_hours.zone"),
        ({"quiet_hours": {**QUIET, "until": 5}}, "quiet_hours.until"),
        ({"quiet_hours": "night"}, "quiet_hours"),
        ({"strangers": "eat"}, "strangers"),
        ({"muted": ["", 0]}, "muted"),
        ({"muted": list(range(1, 1002))}, "muted"),
        ({"sounds": True}, "sounds"),
    ],
)
def test_error_names_its_field_and_nothing_changes(
    call: Call, ann: int, alarm: type[Event], patch: dict[str, Any], path: str
) -> None:
    call(ann, "PATCH", "/user/preferences", json={"strangers": "drop"})
    before = call(ann, "GET", "/user/preferences").json

    answer = call(ann, "PATCH", "/user/preferences", json={"accepted": [5], **patch})

    assert answer.status_code == 422
    found = answer.json["errors"]
    for step in path.split("."):
        found = found[step]
    assert call(ann, "GET", "/user/preferences").json == before


def test_app_that_knows_no_strangers_refuses_to_filter_them(app: Flask, call: Call, ann: int) -> None:
    app.extensions["toutiao"] = replace(app.extensions["toutiao"], knows=None)

    assert call(ann, "PATCH", "/user/preferences", json={"strangers": "accept"}).status_code == 200
    refused = call(ann, "PATCH", "/user/preferences", json={"strangers": "filter"})

    assert (refused.status_code, list(refused.json["errors"])) == (422, ["strangers"])


class TestMute:
    def test_one_person_is_muted_and_heard_again(self, call: Call, ann: int, bob: int) -> None:
        for user_id in (bob, bob, "a%2Fb"):
            assert call(ann, "PUT", f"/user/preferences/muted/{user_id}").status_code == 204
        assert call(ann, "GET", "/user/preferences").json["muted"] == [bob, "a/b"]

        for user_id in (bob, bob, 9):
            assert call(ann, "DELETE", f"/user/preferences/muted/{user_id}").status_code == 204
        assert call(ann, "GET", "/user/preferences").json["muted"] == ["a/b"]

    def test_what_nobody_can_be_called_is_unknown(self, call: Call, ann: int) -> None:
        for user_id in ("x" * 65, "a%00b"):
            assert call(ann, "PUT", f"/user/preferences/muted/{user_id}").status_code == 404

    def test_full_list_is_refused(self, call: Call, ann: int) -> None:
        call(ann, "PATCH", "/user/preferences", json={"muted": list(range(1, 1001))})

        refused = call(ann, "PUT", "/user/preferences/muted/1001")

        assert (refused.status_code, list(refused.json["errors"])) == (422, ["muted"])
