"""Users, authorizations and profiles over HTTP."""

import time
from contextlib import ExitStack
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.services import passwords
from core import tokens
from tests.unit.app.conftest import SECRET, Call

CREDENTIALS = {"user_name": "zoe", "password": "a good password"}


def test_user_signs_up_logs_in_and_renews_a_token(call: Call, client: FlaskClient) -> None:
    signed_up = call(None, "POST", "/users", json={**CREDENTIALS, "introduction": "hi"})
    logged_in = call(None, "POST", "/authorizations", json=CREDENTIALS)
    refresh_token = logged_in.json["refresh_token"]
    renewed = client.put("/v1_0/authorizations", headers={"Authorization": f"Bearer {refresh_token}"})

    assert [answer.status_code for answer in (signed_up, logged_in, renewed)] == [201, 201, 201]
    user_id = signed_up.json["id"]
    assert signed_up.json == {"id": user_id, "name": "zoe", "photo": None, "introduction": "hi"}
    for token in (logged_in.json["token"], renewed.json["token"]):
        assert tokens.verify((SECRET,), token).user_id == str(user_id)


class FakeUnreadCache:
    def __init__(self) -> None:
        self.read_at: list[int] = []

    def moment(self) -> int:
        return time.monotonic_ns()

    def set(self, _counts: dict[str, int], *, read_at: int, create_missing: bool) -> None:
        self.read_at.append(read_at)


class FakeProfileCache:
    def __init__(self) -> None:
        self.forgot_at: list[int] = []

    def forget(self, _user_id: str) -> None:
        self.forgot_at.append(time.monotonic_ns())


def test_initial_unread_count_does_not_replace_that_of_an_early_follower(app: Flask, call: Call) -> None:
    counts, profiles = FakeUnreadCache(), FakeProfileCache()
    app.extensions["toutiao"] = replace(app.extensions["toutiao"], unread=counts, profiles=profiles)

    call(None, "POST", "/users", json=CREDENTIALS)

    [read_at], [after_commit] = counts.read_at, profiles.forgot_at
    assert read_at < after_commit


def test_overloaded_log_in_answers_503_with_retry_after(call: Call) -> None:
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(passwords.admission.entered())
        refused = call(None, "POST", "/users", json=CREDENTIALS)

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert call(None, "POST", "/users", json=CREDENTIALS).status_code == 201


def test_name_is_stored_normalized(call: Call) -> None:
    first = call(None, "POST", "/users", json={**CREDENTIALS, "user_name": " e\u0301va "})
    second = call(None, "POST", "/users", json={**CREDENTIALS, "user_name": "éva"})

    assert (first.status_code, first.json["name"], second.status_code) == (201, "éva", 409)
    logged_in = call(None, "POST", "/authorizations", json={**CREDENTIALS, "user_name": "éva "})
    assert logged_in.status_code == 201


def test_taken_name_and_wrong_password_are_refused(call: Call, ann: int) -> None:
    assert call(None, "POST", "/users", json={**CREDENTIALS, "user_name": "ann"}).status_code == 409
    wrong = call(None, "POST", "/authorizations", json={**CREDENTIALS, "user_name": "nobody"})
    assert (wrong.status_code, list(wrong.json)) == (401, ["message"])


def test_own_profile_is_read_and_changed(call: Call, ann: int) -> None:
    changed = call(ann, "PATCH", "/user", json={"photo": "/a.png"})

    assert (changed.status_code, changed.json["photo"]) == (200, "/a.png")
    assert call(ann, "GET", "/user").json == changed.json


def test_name_of_another_user_is_refused(call: Call, ann: int, bob: int) -> None:
    assert call(ann, "PATCH", "/user", json={"name": "bob"}).status_code == 409


def test_closed_account_is_unauthorized_with_a_valid_token(call: Call, bob: int) -> None:
    assert call(999, "GET", "/user").status_code == 401
    assert call(999, "PATCH", "/user", json={"name": "x"}).status_code == 401
    assert call(999, "POST", "/user/followings", json={"target": bob}).status_code == 401


def test_people_are_listed_with_their_relation_to_the_caller(call: Call, ann: int, bob: int) -> None:
    found = call(ann, "GET", "/users?q=BO").json

    everything = {
        **{"id": bob, "name": "bob", "photo": None, "introduction": None},
        **{"fans_count": 0, "is_following": False, "online": False},
    }
    assert (found["total_count"], found["results"]) == (1, [everything])
    assert call(ann, "GET", f"/users/{bob}").json == everything
    assert call(ann, "GET", "/users/999").status_code == 404


def test_people_of_a_list_are_read_in_one_call(call: Call, ann: int, bob: int, eve: int) -> None:
    call(ann, "POST", "/user/followings", json={"target": bob})

    answer = call(ann, "GET", f"/users?ids={eve},{bob},{bob},999").json

    assert [(user["id"], user["is_following"]) for user in answer["results"]] == [(bob, True), (eve, False)]
    assert (answer["total_count"], answer["page"]) == (2, 1)


def test_nobody_is_online_while_redis_is_away(call: Call, ann: int, bob: int) -> None:
    answer = call(ann, "GET", f"/users/status?ids={bob},{ann},{bob},999")

    assert answer.json == {"results": [{"id": id_, "online": False} for id_ in (bob, ann, 999)]}


@pytest.mark.parametrize("query", ["", "ids=", "ids=a", f"ids={','.join(map(str, range(1, 102)))}"])
def test_status_without_ids_or_of_too_many_is_refused(call: Call, ann: int, query: str) -> None:
    answer = call(ann, "GET", f"/users/status?{query}")

    assert (answer.status_code, list(answer.json["errors"])) == (422, ["ids"])


@pytest.mark.parametrize("query", ["ids=", "ids=0", "ids=a", "ids=1&q=ann", "ids=1&page=1", f"ids={2**53}"])
def test_bad_list_of_people_is_refused(call: Call, ann: int, query: str) -> None:
    answer = call(ann, "GET", f"/users?{query}")

    assert (answer.status_code, list(answer.json["errors"])) == (422, ["ids"])


def test_list_of_people_has_a_limit(call: Call, ann: int) -> None:
    assert call(ann, "GET", f"/users?ids={','.join(map(str, range(1, 101)))}").status_code == 200
    assert call(ann, "GET", f"/users?ids={','.join(map(str, range(1, 102)))}").status_code == 422
