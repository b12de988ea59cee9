"""What a user wants to be told, over HTTP."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.services import moderation
from core.db import Database
from core.declarations import Event
from core.profiles import NoProfiles
from tests.unit.app.conftest import Call

QUIET = {"from": "22:00", "to": "07:00", "zone": "Asia/Shanghai"}
ON = {"in_app": True, "toast": True, "web_push": True}


@pytest.fixture
def alarm(registry: None) -> type[Event]:
    class Alarm(Event, name="alarm", category="safety", text={"en": "An alarm"}, required=True):
        pass

    return Alarm


@pytest.fixture
def without_profiles(app: Flask) -> None:
    """Nobody knows which users exist."""
    app.extensions["toutiao"] = replace(app.extensions["toutiao"], profiles=NoProfiles())


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
        "muted": [bob],
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
    assert (told["muted"], told["quiet_hours"], told["strangers"]) == ([bob], QUIET, "filter")
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
        ({"events": {"following notify": {"email": False}}}, "events.following notify.email"),
        ({"events": {"following notify": {"toast": "no"}}}, "events.following notify.toast"),
        ({"events": {"alarm": {"in_app": False}}}, "events.alarm.in_app"),
        ({"categories": {"safety": {"in_app": False}}}, "categories.safety.in_app"),
        ({"quiet_hours": {**QUIET, "from": "25:00"}}, "quiet_hours.from"),
        ({"quiet_hours": {"from": "22:00", "zone": "UTC"}}, "quiet_hours.to"),
        ({"quiet_hours": {**QUIET, "zone": "Mars/Base"}}, "quiet_hours.zone"),
        ({"quiet_hours": {**QUIET, "until": 5}}, "quiet_hours.until"),
        ({"quiet_hours": "night"}, "quiet_hours"),
        ({"strangers": "eat"}, "strangers"),
        ({"muted": ["", 0]}, "muted.0"),
        ({"muted": list(range(1, 1002))}, "muted"),
        ({"muted": [1]}, "muted.0"),  # ann herself
        ({"accepted": [2, 99]}, "accepted.1"),
        ({"sounds": True}, "sounds"),
    ],
)
def test_error_names_its_field_and_nothing_changes(
    call: Call, ann: int, alarm: type[Event], patch: dict[str, Any], path: str
) -> None:
    call(ann, "PATCH", "/user/preferences", json={"strangers": "drop"})
    before = call(ann, "GET", "/user/preferences").json

    answer = call(ann, "PATCH", "/user/preferences", json={"categories": {"articles": {"toast": False}}, **patch})

    assert answer.status_code == 422
    found = answer.json["errors"]
    for step in path.split("."):
        found = found[step]
    assert call(ann, "GET", "/user/preferences").json == before


@pytest.mark.parametrize(
    ("patch", "errors"),
    [
        ({"quiet_hours": {**QUIET, "from": "25:00"}}, {"quiet_hours": {"from": ["Should be a time as HH:MM."]}}),
        ({"quiet_hours": {**QUIET, "to": "7:00\n"}}, {"quiet_hours": {"to": ["Should be a time as HH:MM."]}}),
        (
            {"quiet_hours": {**QUIET, "zone": "x" * 65}},
            {"quiet_hours": {"zone": ["Not the name of a time zone, such as Asia/Shanghai."]}},
        ),
        ({"quiet_hours": "night"}, {"quiet_hours": ["Should be an object."]}),
        ({"events": "none"}, {"events": ["Should be an object."]}),
        ({"events": {"alarm": 5}}, {"events": {"alarm": ["Should be an object."]}}),
        ({"categories": {"people": {"toast": 1}}}, {"categories": {"people": {"toast": ["Not a valid boolean."]}}}),
        ([], {"body": ["Should be an object."]}),
    ],
)
def test_error_says_what_is_expected_and_where(
    call: Call, ann: int, alarm: type[Event], patch: object, errors: dict[str, Any]
) -> None:
    assert call(ann, "PATCH", "/user/preferences", json=patch).json["errors"] == errors


def test_app_that_knows_no_strangers_refuses_to_filter_them(app: Flask, call: Call, ann: int) -> None:
    app.extensions["toutiao"] = replace(app.extensions["toutiao"], knows=None)

    assert call(ann, "PATCH", "/user/preferences", json={"strangers": "accept"}).status_code == 200
    refused = call(ann, "PATCH", "/user/preferences", json={"strangers": "filter"})

    assert (refused.status_code, list(refused.json["errors"])) == (422, ["strangers"])


class TestAccepted:
    def test_who_was_let_in_is_a_stranger_again(self, call: Call, ann: int, bob: int, eve: int) -> None:
        call(ann, "PATCH", "/user/preferences", json={"accepted": [bob, eve], "muted": [bob]})
        told = call(ann, "GET", "/user/preferences").json
        assert (told["accepted"], [person["name"] for person in told["people"]]) == ([bob, eve], ["bob", "eve"])

        for user_id in (bob, bob, 99):
            assert call(ann, "DELETE", f"/user/preferences/accepted/{user_id}").status_code == 204

        told = call(ann, "GET", "/user/preferences").json
        assert (told["accepted"], told["muted"]) == ([eve], [bob])

    def test_what_nobody_can_be_called_is_unknown(self, call: Call, ann: int) -> None:
        assert call(ann, "DELETE", "/user/preferences/accepted/a%00b").status_code == 404


class TestMute:
    def test_one_person_is_muted_and_heard_again(self, call: Call, ann: int, bob: int) -> None:
        for _ in range(2):
            assert call(ann, "PUT", f"/user/preferences/muted/{bob}").status_code == 204
        assert call(ann, "GET", "/user/preferences").json["muted"] == [bob]

        for user_id in (bob, bob, 9):
            assert call(ann, "DELETE", f"/user/preferences/muted/{user_id}").status_code == 204
        assert call(ann, "GET", "/user/preferences").json["muted"] == []

    @pytest.mark.parametrize("user_id", ["99", "f0c6", "x" * 65, "a%00b"])
    def test_who_does_not_exist_can_not_be_muted(self, call: Call, ann: int, user_id: str) -> None:
        assert call(ann, "PUT", f"/user/preferences/muted/{user_id}").status_code == 404
        assert call(ann, "GET", "/user/preferences").json["muted"] == []

    def test_nobody_mutes_themselves(self, call: Call, ann: int) -> None:
        refused = call(ann, "PUT", f"/user/preferences/muted/{ann}")

        assert (refused.status_code, list(refused.json["errors"])) == (422, ["muted"])

    def test_who_was_muted_stays_so_after_their_account_is_closed(
        self, call: Call, database: Database, ann: int, bob: int, eve: int
    ) -> None:
        call(ann, "PUT", f"/user/preferences/muted/{bob}")
        with database.transaction() as connection:
            moderation.disable(connection, bob)

        assert call(ann, "PATCH", "/user/preferences", json={"muted": [bob, eve]}).json["muted"] == [bob, eve]

    def test_app_without_profiles_takes_every_id(self, without_profiles: None, call: Call, ann: int) -> None:
        assert call(ann, "PUT", "/user/preferences/muted/a%2Fb").status_code == 204
        assert call(ann, "PATCH", "/user/preferences", json={"muted": ["a/b", 99]}).json["muted"] == [99, "a/b"]

    def test_full_list_is_refused(self, without_profiles: None, call: Call, ann: int) -> None:
        call(ann, "PATCH", "/user/preferences", json={"muted": list(range(2, 1002))})

        refused = call(ann, "PUT", "/user/preferences/muted/1002")

        assert (refused.status_code, list(refused.json["errors"])) == (422, ["muted"])
