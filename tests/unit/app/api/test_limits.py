"""A client that calls too often gets 429 and learns when to try again; others notice nothing. Redis is unavailable."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from app.api.limits import limiter
from core.cache import RedisError
from tests.unit.app.conftest import Call

LimitTo = Callable[..., None]
FAR = "203.0.113.7"


@pytest.fixture
def limit_to(app: Flask) -> LimitTo:
    """Change limits, by the name of their settings."""

    def limit_to(**limits: Any) -> None:
        state = app.extensions["toutiao"]
        app.extensions["toutiao"] = replace(state, settings=state.settings.model_copy(update=limits))

    return limit_to


def statuses(client: FlaskClient, addresses: list[str], path: str = "/openapi.json") -> list[int]:
    return [client.get(path, environ_base={"REMOTE_ADDR": address}).status_code for address in addresses]


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("toutiao_rate_limited_total", {"reason": reason}) or 0


def test_calls_that_find_redis_unavailable_at_the_same_moment_are_answered(
    app: Flask, call: Call, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = threading.Barrier(4, timeout=10)
    calls_of_storage = itertools.count()

    def fail(*_arguments: object, **_options: object) -> int:
        if next(calls_of_storage) < at_once.parties:
            at_once.wait()
        raise RedisError("unavailable")

    monkeypatch.setattr(limiter, "_storage_dead", False)
    monkeypatch.setattr(limiter._storage, "incr", fail)
    with ThreadPoolExecutor(at_once.parties) as threads:
        answers = threads.map(lambda _: call(ann, "GET", "/user").status_code, range(at_once.parties))

        assert list(answers) == [200] * at_once.parties


class TestCallsOfAUser:
    def test_call_beyond_the_limit_says_when_to_try_again(self, limit_to: LimitTo, call: Call, ann: int) -> None:
        limit_to(limit_calls_per_user=2)
        assert [call(ann, "GET", "/user").status_code for _ in range(2)] == [200, 200]
        before = refused("user")

        answer = call(ann, "GET", "/users")

        assert (answer.status_code, answer.json) == (429, {"message": "you call too often, try again later"})
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert refused("user") == before + 1

    def test_another_user_is_not_affected(self, limit_to: LimitTo, call: Call, ann: int, bob: int) -> None:
        limit_to(limit_calls_per_user=1)
        assert [call(ann, "GET", "/user").status_code for _ in range(2)] == [200, 429]

        assert call(bob, "GET", "/user").status_code == 200

    def test_call_with_a_wrong_token_counts_for_nobody(
        self, limit_to: LimitTo, client: FlaskClient, call: Call, ann: int
    ) -> None:
        limit_to(limit_calls_per_user=1)
        forged = {"Authorization": "Bearer forged"}
        assert [client.get("/v1_0/user", headers=forged).status_code for _ in range(3)] == [401] * 3

        assert call(ann, "GET", "/user").status_code == 200


class TestCallsOfAnAddress:
    def test_call_beyond_the_limit_is_refused(self, limit_to: LimitTo, client: FlaskClient) -> None:
        limit_to(limit_calls_per_address=2)

        assert statuses(client, [FAR, FAR, FAR, "203.0.113.8"]) == [200, 200, 429, 200]

    def test_addresses_of_one_ipv6_customer_count_as_one(self, limit_to: LimitTo, client: FlaskClient) -> None:
        limit_to(limit_calls_per_address=2)

        assert statuses(client, [f"2001:db8::{n}" for n in range(3)] + ["2001:db8:0:1::1"]) == [200, 200, 429, 200]

    @pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1", ""])
    def test_internal_address_is_exempt(self, limit_to: LimitTo, client: FlaskClient, address: str) -> None:
        limit_to(limit_calls_per_address=1)

        assert statuses(client, [address] * 3) == [200] * 3

    def test_health_checks_are_exempt(self, limit_to: LimitTo, client: FlaskClient) -> None:
        limit_to(limit_calls_per_address=1)

        assert statuses(client, [FAR] * 3, "/livez") == [200] * 3

    def test_spoofed_x_forwarded_for_changes_nothing(self, limit_to: LimitTo, client: FlaskClient) -> None:
        limit_to(limit_calls_per_address=1)

        answers = [
            client.get(
                "/openapi.json", environ_base={"REMOTE_ADDR": FAR}, headers={"X-Forwarded-For": f"198.51.100.{n}"}
            )
            for n in range(2)
        ]

        assert [answer.status_code for answer in answers] == [200, 429]


class TestExpensiveCalls:
    def test_follows_and_unfollows_count_together(self, limit_to: LimitTo, call: Call, ann: int, bob: int) -> None:
        limit_to(limit_follows_per_user=2)
        assert call(ann, "POST", "/user/followings", json={"target": bob}).status_code == 201
        assert call(ann, "DELETE", f"/user/followings/{bob}").status_code == 204

        answer = call(ann, "POST", "/user/followings", json={"target": bob})

        assert answer.status_code == 429
        assert 60 < int(answer.headers["Retry-After"]) <= 3600
        assert call(ann, "GET", "/user/followings").status_code == 200
        assert call(bob, "POST", "/user/followings", json={"target": ann}).status_code == 201

    @pytest.mark.parametrize(("address", "last"), [(FAR, 429), ("127.0.0.1", 201)])
    def test_sign_ups_count_for_each_address(
        self, limit_to: LimitTo, client: FlaskClient, address: str, last: int
    ) -> None:
        limit_to(limit_sign_ups_per_address=1)

        def sign_up(name: str) -> int:
            body = {"user_name": name, "password": "a good password"}
            return client.post("/v1_0/users", json=body, environ_base={"REMOTE_ADDR": address}).status_code

        assert [sign_up("first"), sign_up("second")] == [201, last]
