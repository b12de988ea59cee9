"""What repeats is gathered in a group: one row of the inbox, and few updates to sockets that ask for them."""

import time
from typing import Any

from tests.clients import Client, User
from tests.services import wait_until
from tests.system import System

FOLLOW = "following notify"
OF_A_GROUP = {"group", "group_id", "count", "actor_count", "actors"}


def gathered(client: Client, count: int) -> dict[str, Any]:
    """Wait for the update that tells of so many."""
    wait_until(
        lambda: any(told["count"] == count for told in client.of(FOLLOW)), seconds=30, what=f"{count} are told of"
    )
    return client.of(FOLLOW)[-1]


def grouped(system: System, user: User, query: str = "") -> list[dict[str, Any]]:
    status, answer = system.api.get(f"/v1_0/user/notifications?groups=true{query}", user)
    assert status == 200, answer
    return list(answer["results"])


def test_one_socket_gets_each_follow_and_the_other_one_updates_of_the_group(system: System) -> None:
    bob = system.user()
    followers = [system.user() for _ in range(5)]
    plain, groups = system.client(bob), system.client(bob, im=len(system.im_ports) - 1, groups=True)
    for client in (plain, groups):
        client.wait_for("sync")
    started = time.monotonic()

    for follower in followers:
        assert system.api.follow(follower, bob) == 201
    last = gathered(groups, 5)

    updates = groups.of(FOLLOW)
    assert len(updates) <= 2 + (time.monotonic() - started) / 5
    assert {update["group_id"] for update in updates} == {last["group_id"]}
    assert all(update.keys() >= OF_A_GROUP for update in updates)
    newest = sorted(plain.of(FOLLOW), key=lambda told: told["id"], reverse=True)
    assert [actor["id"] for actor in last["actors"]] == [told["user_id"] for told in newest[:3]]
    assert (last["actor_count"], last["group"], last["id"]) == (5, "following", newest[0]["id"])
    assert (last["user_id"], last["group_id"]) == (newest[0]["user_id"], newest[-1]["id"])
    wait_until(lambda: len(plain.of(FOLLOW)) == 5, seconds=10, what="each follow is told")
    assert sorted(told["user_id"] for told in plain.of(FOLLOW)) == sorted(follower.id for follower in followers)
    assert not any(told.keys() & OF_A_GROUP for told in plain.of(FOLLOW))
    for client in (plain, groups):
        client.close()


def test_who_comes_back_gets_the_group_once_as_it_is_now(small: System) -> None:
    bob = small.user()
    away = small.client(bob, groups=True)
    away.wait_for("sync")
    assert small.api.follow(small.user(), bob) == 201
    gathered(away, 1)
    away.close()
    here = small.client(bob, groups=True)
    here.wait_for("sync")
    for _ in range(3):
        assert small.api.follow(small.user(), bob) == 201
    last = gathered(here, 4)

    back = small.client(bob, groups=True, last_offset=away.last_offset)

    [sync] = back.wait_for("sync")
    assert sync["recovered"]
    assert back.of(FOLLOW) == [last]
    for client in (here, back):
        client.close()


def test_group_is_one_row_that_is_marked_as_a_whole(small: System) -> None:
    bob = small.user()
    device = small.client(bob, groups=True)
    device.wait_for("sync")
    for _ in range(3):
        assert small.api.follow(small.user(), bob) == 201
    gathered(device, 3)
    [row] = grouped(small, bob)
    assert (row["count"], row["actor_count"], len(row["actors"])) == (3, 3, 3)
    assert row["text"] == f"{row['data']['user_name']} and 2 others follow you now"
    assert small.api.get("/v1_0/user/notifications", bob)[1]["unread_count"] == 3

    body = {"ids": [row["id"]], "groups": True, "read": True}
    status, counts = small.api.post("/v1_0/user/notifications/state", body, bob)

    assert (status, counts) == (200, {"unread_count": 0, "unseen_count": 0})
    assert len(device.wait_for("state")[0]["ids"]) == 3  # told at least once
    assert grouped(small, bob, "&state=unread") == []
    assert small.api.follow(small.user(), bob) == 201
    gathered(device, 1)
    assert [row["count"] for row in grouped(small, bob)] == [1, 3], "who comes after it was read begins a new group"
    device.close()


def test_who_unfollows_leaves_the_group(small: System) -> None:
    bob, first, second = small.user(), small.user(), small.user()
    device = small.client(bob, groups=True)
    device.wait_for("sync")
    for follower in (first, second):
        assert small.api.follow(follower, bob) == 201
    gathered(device, 2)

    assert small.api.call("DELETE", f"/v1_0/user/followings/{bob.id}", token=second.token)[0] == 204

    device.wait_for("withdrawn")
    [row] = grouped(small, bob)
    assert (row["count"], row["data"]["user_id"]) == (1, first.id)
    assert row["text"] == f"{first.name} follows you now"
    device.close()


def test_unknown_group_is_refused_by_its_field(small: System) -> None:
    bob = small.user()
    status, answer = small.api.get("/v1_0/user/notifications?group=no%20such", bob)
    assert (status, list(answer["errors"])) == (422, ["group"])
    status, answer = small.api.get("/v1_0/user/notifications?groups=perhaps", bob)
    assert (status, list(answer["errors"])) == (422, ["groups"])
    assert small.api.get("/v1_0/user/notifications?group=liking:5", bob)[1]["results"] == []
