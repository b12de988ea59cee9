"""The inbox over HTTP."""

from app import events
from tests.services import wait_until
from tests.unit.api.conftest import Call


def test_a_follow_is_in_the_inbox_until_it_is_read_and_after(call: Call, asked: list[str], ann: int, bob: int) -> None:
    call(ann, "POST", "/user/followings", json={"target": bob})

    inbox = call(bob, "GET", "/user/notifications").json
    [told] = inbox["results"]
    assert (inbox["unread_count"], told["event"], told["read"]) == (1, "following notify", False)
    assert told["data"] == {
        "user_id": ann,
        "user_name": "ann",
        "user_photo": "/static/default-photo.svg",
        "timestamp": told["created_at"],
    }

    assert call(ann, "POST", "/user/notifications/read", json={"ids": [told["id"]]}).json == {"unread_count": 0}
    assert call(bob, "GET", "/user/notifications").json["unread_count"] == 1
    assert call(bob, "POST", "/user/notifications/read", json={"ids": [told["id"], 999]}).json == {"unread_count": 0}
    wait_until(lambda: events.TELL_UNREAD_TASK in asked, seconds=10, what="word for the sockets")
    assert call(bob, "GET", "/user/notifications").json["results"][0]["read"] is True
    assert call(bob, "GET", f"/user/notifications?before={told['id']}").json["results"] == []
