"""Users choose what they are told: real workers and sockets keep to it."""

from typing import Any

import pytest

from tests.clients import User
from tests.services import wait_until
from tests.system import System

ALWAYS = {"from": "00:00", "to": "23:59", "zone": "Pacific/Kiritimati"}


@pytest.fixture(params=["small", "big"])
def system(request: pytest.FixtureRequest) -> System:
    shape: System = request.getfixturevalue(request.param)
    return shape


def choose(system: System, user: User, **patch: Any) -> None:
    status, answer = system.api.call("PATCH", "/v1_0/user/preferences", patch, token=user.token)
    assert status == 200, answer


def listed(system: System, user: User, state: str = "all") -> list[Any]:
    status, answer = system.api.get(f"/v1_0/user/notifications?state={state}", user)
    assert status == 200, answer
    results: list[Any] = answer["results"]
    return results


def test_muted_event_does_not_come_and_quiet_one_comes_silently(system: System) -> None:
    ann, bob = system.user(), system.user()
    client = system.client(bob)
    client.wait_for("sync")
    status, article = system.api.post("/v1_0/articles", {"title": "Rain"}, bob)
    assert status == 201
    likings = f"/v1_0/articles/{article['id']}/likings"
    choose(system, bob, events={"liking notify": {"in_app": False}})

    assert system.api.post(likings, {}, ann)[0] == 201
    wait_until(
        lambda: [told["count"] for told in client.of("unread")] == [0], seconds=10, what="a worker has held it back"
    )
    wait_until(lambda: listed(system, bob) == [], seconds=10, what="this is committed")

    choose(system, bob, quiet_hours=ALWAYS)
    system.api.follow(ann, bob)
    [told] = client.wait_for("following notify")
    assert told["silent"] is True
    assert [entry["id"] for entry in listed(system, bob)] == [told["id"]]
    choose(system, bob, quiet_hours=None)
    assert system.api.post(f"/v1_0/articles/{article['id']}/comments", {"content": "Nice."}, ann)[0] == 201
    [comment] = client.wait_for("comment notify")
    assert "silent" not in comment
    assert client.of("liking notify") == []
    client.close()


def test_stranger_is_among_the_requests_until_it_is_let_in(system: System) -> None:
    ann, bob = system.user(), system.user()
    here, there = system.client(bob), system.client(bob)
    for client in (here, there):
        client.wait_for("sync")
    choose(system, bob, strangers="filter")

    system.api.follow(ann, bob)
    wait_until(lambda: listed(system, bob, "requests"), seconds=10, what="the worker filtered it")
    [request] = listed(system, bob, "requests")
    assert (request["text"], listed(system, bob)) == (f"{ann.name} follows you now", [])
    body = {"ids": [request["id"]], "accept": True}
    assert system.api.post("/v1_0/user/notifications/requests", body, bob)[1]["unread_count"] == 1

    for client in (here, there):
        [told] = client.wait_for("following notify")
        assert (told["id"], told["silent"]) == (request["id"], True)
        client.close()
    assert (listed(system, bob, "requests"), len(listed(system, bob))) == ([], 1)


def test_service_is_told_why_a_notification_was_not_sent(small: System, service_key: str) -> None:
    ann, bob = small.user(), small.user()
    choose(small, bob, muted=[ann.id])
    told = {"event": "following notify", "to": [bob.id], "actor": ann.id}
    status, answer = small.api.call("POST", "/v1_0/notifications", told, token=service_key)
    assert status == 202
    path = f"/v1_0/notifications/{answer['ids'][0]}"

    def state() -> Any:
        return small.api.call("GET", path, token=service_key)[1]

    wait_until(lambda: state()["state"] != "waiting", seconds=10, what="it is dispatched")
    assert (state()["state"], state()["reason"], state()["offset"]) == ("not_sent", "muted", None)
