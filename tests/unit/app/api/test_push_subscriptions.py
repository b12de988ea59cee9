"""Subscriptions to Web Push over HTTP."""

import time
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from flask import Flask

from app.api.push_endpoints import EndpointCheck
from core import push_subscriptions, tokens
from core.db import Database
from core.push_endpoints import Endpoints, InvalidEndpoint
from core.vapid import Vapid, create_key, encode, parse_key
from tests.push_device import PushDevice
from tests.unit.app.conftest import SECRET, Call

PATH = "/user/push-subscriptions"
ENDPOINT = "https://push.example/a1b2c3"
_PRIVATE = "10.0.0.1"


def resolve(host: str, _port: int) -> list[str]:
    if host == "gone.example":
        raise OSError("no such name")
    return [_PRIVATE] if host == "inside.example" else ["142.250.185.74"]


@pytest.fixture
def vapid(app: Flask) -> Vapid:
    """Web Push is on, with a resolver that needs no network."""
    vapid = Vapid(parse_key(create_key()), "mailto:ops@news.example")
    check = EndpointCheck(Endpoints(resolve=resolve))
    app.extensions["toutiao"] = replace(app.extensions["toutiao"], vapid=vapid, endpoint_check=check)
    return vapid


def test_everything_is_off_without_a_key(call: Call, ann: int) -> None:
    assert call(None, "GET", "/push-key").status_code == 404
    assert call(ann, "POST", PATH, json=PushDevice().subscription(ENDPOINT)).status_code == 404
    assert call(ann, "GET", PATH).json == {"results": []}


def test_public_key_needs_no_token(vapid: Vapid, call: Call) -> None:
    assert call(None, "GET", "/push-key").json == {"key": vapid.public_key}


def test_device_is_listed_renewed_and_removed(vapid: Vapid, call: Call, ann: int, bob: int) -> None:
    browser = PushDevice().subscription(ENDPOINT)

    first = call(ann, "POST", PATH, json={**browser, "language": "zh-CN"})
    again = call(ann, "POST", PATH, json=browser)

    assert first.status_code == again.status_code == 201
    assert first.json["language"] == "zh-CN"
    assert again.json == {**first.json, "language": "en"}
    assert call(ann, "GET", PATH).json == {"results": [again.json]}
    assert call(bob, "GET", PATH).json == {"results": []}
    assert call(bob, "DELETE", f"{PATH}/{first.json['id']}").status_code == 204
    assert len(call(ann, "GET", PATH).json["results"]) == 1
    for _ in range(2):
        assert call(ann, "DELETE", f"{PATH}/{first.json['id']}").status_code == 204
    assert call(ann, "GET", PATH).json == {"results": []}


@pytest.mark.parametrize(
    ("accepted", "language"), [("zh-CN,en;q=0.5", "zh-CN"), ("*", "en"), ("a;b;;,de", "de"), ("x" * 40, "en")]
)
def test_language_is_that_of_the_request_if_it_is_one(
    app: Flask, vapid: Vapid, ann: int, accepted: str, language: str
) -> None:
    headers = {"Authorization": f"Bearer {tokens.sign(SECRET, user_id=ann)}", "Accept-Language": accepted}
    body = PushDevice().subscription(ENDPOINT)

    answer = app.test_client().post(f"/v1_0{PATH}", json=body, headers=headers)

    assert answer.json["language"] == language


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint": "http://push.example/a"}, "endpoint"),
        ({"endpoint": "https://push.example:8443/a"}, "endpoint"),
        ({"endpoint": "https://inside.example/a"}, "endpoint"),
        ({"endpoint": "https://push.example/" + "a" * 2048}, "endpoint"),
        ({"endpoint": "https://push.example/\0"}, "endpoint"),
        ({"endpoint": 5}, "endpoint"),
        ({"endpoint": None}, "endpoint"),
        ({"keys": None}, "keys"),
        ({"keys": {}}, "keys"),
        ({"keys": {"p256dh": "AAAA", "auth": encode(bytes(16))}}, "keys"),
        ({"keys": {"p256dh": encode(b"\x04" + bytes(64)), "auth": encode(bytes(16))}}, "keys"),
        ({"keys": {"p256dh": encode(PushDevice().point), "auth": encode(bytes(15))}}, "keys"),
        ({"keys": {"p256dh": encode(PushDevice().point), "auth": "!" * 22}}, "keys"),
        ({"language": "not a language"}, "language"),
        ({"language": ""}, "language"),
        ({"more": 1}, "more"),
    ],
)
def test_wrong_field_is_named(vapid: Vapid, call: Call, ann: int, change: dict[str, Any], field: str) -> None:
    answer = call(ann, "POST", PATH, json={**PushDevice().subscription(ENDPOINT), **change})

    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]
    assert call(ann, "GET", PATH).json == {"results": []}


def test_literal_address_is_resolved_like_a_name() -> None:
    with pytest.raises(InvalidEndpoint):
        EndpointCheck(Endpoints()).check("https://127.0.0.1/a")


def test_name_that_is_not_resolved_is_left_to_the_worker(vapid: Vapid, call: Call, ann: int) -> None:
    body = PushDevice().subscription("https://gone.example/a")

    assert call(ann, "POST", PATH, json=body).status_code == 201


def test_slow_resolver_holds_up_few_callers_and_not_for_long() -> None:
    goes_on = Event()

    def hang(_host: str, _port: int) -> list[str]:
        goes_on.wait(30)
        return []

    check = EndpointCheck(Endpoints(resolve=hang), seconds=0.2)
    begun = time.monotonic()
    for _ in range(20):
        check.check(ENDPOINT)

    assert time.monotonic() - begun < 2
    goes_on.set()


def test_log_out_ends_the_web_push_of_its_devices(vapid: Vapid, call: Call, database: Database, ann: int) -> None:
    call(ann, "POST", PATH, json=PushDevice().subscription(ENDPOINT))

    assert call(ann, "DELETE", "/authorizations").status_code == 204

    with database.reading() as connection:
        assert push_subscriptions.of_user(connection, str(ann)) == []


def test_twenty_first_device_ends_the_oldest(vapid: Vapid, call: Call, ann: int) -> None:
    ids = [
        call(ann, "POST", PATH, json=PushDevice().subscription(f"{ENDPOINT}/{number}")).json["id"]
        for number in range(21)
    ]

    assert [each["id"] for each in call(ann, "GET", PATH).json["results"]] == ids[:0:-1]
