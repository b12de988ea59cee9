"""A service takes a notification back: open clients, absent clients and the inbox know it."""

from tests.services import wait_until
from tests.system import System


def test_withdrawn_notification_disappears_everywhere(small: System, service_key: str) -> None:
    bob = small.user()
    here, away = small.client(bob), small.client(bob)
    for client in (here, away):
        client.wait_for("sync")
    told = {"event": "following notify", "to": [bob.id], "key": "order 5"}
    status, answer = small.api.call("POST", "/v1_0/notifications", told, token=service_key)
    assert status == 202
    for client in (here, away):
        client.wait_for("following notify")
    here.wait_for("unread")
    away.close()

    path = f"/v1_0/notifications?event=following%20notify&to={bob.id}&key=order%205"
    assert small.api.call("DELETE", path, token=service_key)[0] == 204

    [withdrawn] = here.wait_for("withdrawn")
    assert withdrawn["ids"] == answer["ids"]
    wait_until(lambda: here.of("unread")[-1] == {"count": 0, "unseen_count": 0}, seconds=10, what="the count is sent")
    assert small.api.get("/v1_0/user/notifications", bob)[1] == {"unread_count": 0, "unseen_count": 0, "results": []}
    back = small.client(bob, last_offset=away.last_offset)
    [sync] = back.wait_for("sync")
    assert sync == {"recovered": True, "offset": withdrawn["offset"], "unread_count": 0}
    assert [name for name, _ in back.events if name != "message"] == ["withdrawn", "sync"]
    for client in (here, back):
        client.close()
