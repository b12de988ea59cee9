"""Who follows whom, over HTTP."""

import pytest

from core import events
from tests.services import wait_until
from tests.unit.app.conftest import Call


def test_follow_requests_one_dispatch_and_its_repeat_none(call: Call, asked: list[str], ann: int, bob: int) -> None:
    first = call(ann, "POST", "/user/followings", json={"target": bob})
    wait_until(lambda: asked, seconds=10, what="a dispatch is requested")
    again = call(ann, "POST", "/user/followings", json={"target": bob})

    assert [(answer.status_code, answer.json) for answer in (first, again)] == [(201, {"target": bob})] * 2
    assert asked == [events.DISPATCH_TASK]
    assert call(ann, "GET", "/user/followings").json["results"][0]["id"] == bob
    assert call(bob, "GET", "/user/followers").json["total_count"] == 1


def test_unfollow_succeeds_with_and_without_a_following(call: Call, ann: int, bob: int) -> None:
    call(ann, "POST", "/user/followings", json={"target": bob})

    for target in (bob, bob, 999, 2**60):
        assert call(ann, "DELETE", f"/user/followings/{target}").status_code == 204

    assert call(ann, "GET", "/user/followings").json["total_count"] == 0


@pytest.mark.parametrize(("target", "status"), [(1, 400), (999, 404), (0, 422), (2**53, 422), ("2", 422), (True, 422)])
def test_invalid_target_is_refused(call: Call, ann: int, target: object, status: int) -> None:
    assert ann == 1
    answer = call(ann, "POST", "/user/followings", json={"target": target})

    assert answer.status_code == status
    assert set(answer.json) == ({"message", "errors"} if status == 422 else {"message"})


def test_unfollow_asks_for_a_dispatch_only_where_a_notification_is_withdrawn(
    call: Call, asked: list[str], ann: int, bob: int
) -> None:
    call(ann, "POST", "/user/followings", json={"target": bob})
    wait_until(lambda: asked == [events.DISPATCH_TASK], seconds=10, what="the follow is pushed")

    for _ in range(2):
        assert call(ann, "DELETE", f"/user/followings/{bob}").status_code == 204

    wait_until(lambda: asked == 2 * [events.DISPATCH_TASK], seconds=10, what="the withdrawal is pushed")
    assert call(bob, "GET", "/user/notifications").json["results"] == []


def test_unknown_field_of_a_query_is_ignored(call: Call, ann: int) -> None:
    for path in ("/user/followings", "/user/followers", "/users"):
        assert call(ann, "GET", f"{path}?per_page=10&_=1782993600").status_code == 200
