"""The HTTP API from outside."""

import uuid
from typing import Any

import pytest

from tests.clients import User
from tests.system import System

HUGE = 2**53


@pytest.fixture(scope="module")
def reader(small: System) -> User:
    return small.user()


class TestAccounts:
    def test_user_signs_up_logs_in_and_reads_the_profile(self, small: System) -> None:
        ann = small.api.sign_up(f"ann-{uuid.uuid4().hex[:10]}")
        assert small.api.post("/v1_0/users", {"user_name": ann.name, "password": "other one"})[0] == 409
        assert small.api.post("/v1_0/authorizations", {"user_name": ann.name, "password": "wrong"})[0] == 401
        status, renewed = small.api.call("PUT", "/v1_0/authorizations", token=ann.refresh_token)
        assert (status, set(renewed)) == (201, {"token", "refresh_token"})
        assert small.api.call("PUT", "/v1_0/authorizations", token=ann.token)[0] == 401
        assert small.api.call("GET", "/v1_0/user", token=ann.refresh_token)[0] == 401
        status, profile = small.api.call("PATCH", "/v1_0/user", {"introduction": "hi"}, token=renewed["token"])
        assert (status, profile["introduction"]) == (200, "hi")
        assert small.api.get("/v1_0/user", ann)[1] == profile


class TestFollowings:
    def test_pages_are_newest_first_with_mutual_follows(self, system: System) -> None:
        ann, bob, eve = system.user(), system.user(), system.user()
        system.api.follow(ann, bob)
        system.api.follow(ann, eve)
        system.api.follow(eve, ann)

        _, page = system.api.get("/v1_0/user/followings", ann)
        assert (page["total_count"], page["page"], page["per_page"]) == (2, 1, 10)
        found = [(r["id"], r["fans_count"], r["mutual_follow"]) for r in page["results"]]
        assert found == [(eve.id, 1, True), (bob.id, 1, False)]
        _, page = system.api.get("/v1_0/user/followers", ann)
        assert [(r["id"], r["mutual_follow"]) for r in page["results"]] == [(eve.id, True)]
        _, seen = system.api.get(f"/v1_0/users/{bob.id}", ann)
        assert (seen["fans_count"], seen["is_following"], seen["online"]) == (1, True, False)

    def test_who_has_an_open_socket_is_online(self, system: System) -> None:
        ann, bob = system.user(), system.user()
        system.client(bob)

        status, answer = system.api.get(f"/v1_0/users/status?ids={ann.id},{bob.id}", ann)

        assert (status, answer["results"]) == (200, [{"id": ann.id, "online": False}, {"id": bob.id, "online": True}])

    def test_following_oneself_and_unknown_users_is_refused(self, system: System) -> None:
        ann = system.user()
        assert system.api.follow(ann, ann) == 400
        assert system.api.post("/v1_0/user/followings", {"target": 10**9}, ann)[0] == 404
        assert system.api.call("DELETE", "/v1_0/user/followings/999999", token=ann.token)[0] == 204
        assert system.api.get(f"/v1_0/users/{HUGE}", ann)[0] == 404


class TestBadInput:
    @pytest.mark.parametrize("target", [None, "5", 5.0, True, 0, -1, HUGE, 2**64, [], {}, "x" * 1000])
    def test_wrong_target_is_named(self, small: System, reader: User, target: object) -> None:
        status, answer = small.api.post("/v1_0/user/followings", {"target": target}, reader)
        assert status == 422
        assert list(answer["errors"]) == ["target"]

    @pytest.mark.parametrize(
        "change",
        [
            {"user_name": None},
            {"user_name": ""},
            {"user_name": "x" * 65},
            {"user_name": 5},
            {"user_name": "a\0b"},
            {"password": None},
            {"password": "short"},
            {"password": "x" * 129},
            {"photo": "javascript:alert(1)"},
            {"photo": 5},
            {"introduction": "x" * 1001},
            {"introduction": []},
            {"nonsense": 1},
        ],
    )
    def test_wrong_field_is_named(self, small: System, change: dict[str, Any]) -> None:
        status, answer = small.api.post("/v1_0/users", {"user_name": "x", "password": "good enough", **change})
        assert status == 422
        assert list(answer["errors"]) == list(change)

    @pytest.mark.parametrize(
        ("raw", "content_type", "expected"),
        [
            (b"{", "application/json", 400),
            (b"\xff\xfe", "application/json", 400),
            (b'{"user_name": "\\ud800", "password": "good enough"}', "application/json", 400),
            (b"[" * 5000, "application/json", 400),
            (b"a=b", "application/x-www-form-urlencoded", 415),
            (b'{"user_name": "' + b"x" * 70_000 + b'"}', "application/json", 413),
            (b"[]", "application/json", 422),
            (b"null", "application/json", 422),
            (b"{}", "application/json", 422),
        ],
    )
    def test_wrong_body_is_refused(self, small: System, raw: bytes, content_type: str, expected: int) -> None:
        status, answer = small.api.call("POST", "/v1_0/users", raw=raw, content_type=content_type)
        assert (status, set(answer) - {"errors"}) == (expected, {"message"})
        assert "browser" not in answer["message"]

    @pytest.mark.parametrize(
        "path",
        [
            "/user/followings?page=0",
            "/user/followers?per_page=9",
            "/user/followings?per_page=51",
            "/user/followings?page=x",
            "/user/followings?page=99999999999999999999",
            "/user/notifications?limit=0",
            "/user/notifications?limit=101",
            "/user/notifications?before=0",
            f"/user/notifications?before={HUGE}",
            "/users?q=%00",
            "/users?q=" + "x" * 65,
        ],
    )
    def test_wrong_query_is_refused(self, small: System, reader: User, path: str) -> None:
        assert small.api.get("/v1_0" + path, reader)[0] == 422

    @pytest.mark.parametrize("body", [{}, {"ids": [1], "up_to": 1}, {"ids": 5}, {"ids": ["1"]}, {"up_to": -1}])
    def test_wrong_mark_read_request_is_refused(self, small: System, reader: User, body: object) -> None:
        assert small.api.post("/v1_0/user/notifications/read", body, reader)[0] == 422

    def test_call_without_a_token_is_refused(self, small: System) -> None:
        assert small.api.get("/v1_0/user")[0] == 401
        assert small.api.call("GET", "/v1_0/user", token="nonsense")[0] == 401
        assert small.api.get("/nowhere")[0] == 404
        assert small.api.call("DELETE", "/v1_0/users")[0] == 405
