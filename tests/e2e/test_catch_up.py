"""A client that reconnects gets exactly what it missed, in order, then `sync`."""

import pytest

from tests.clients import Client
from tests.services import wait_until
from tests.system import System


def wait_until_told(watcher: Client, count: int) -> None:
    """Wait for so many notifications, and for the count that is published after the last of them.

    Nothing is on its way then that would reach who connects next beside its replay.
    """

    def is_told() -> bool:
        names = [name for name, _ in list(watcher.events)]
        news = [at for at, name in enumerate(names) if name == "following notify"]
        return len(news) == count and "unread" in names[news[-1] :]

    wait_until(is_told, seconds=20, what=f"{count} notifications and their count")


class TestCatchUp:
    def test_reconnecting_client_gets_missed_pushes_in_order(self, system: System) -> None:
        bob, followers = system.user(), [system.user() for _ in range(5)]
        watcher, client = system.client(bob), system.client(bob)
        watcher.wait_for("sync")
        assert client.wait_for("sync") == [{"recovered": True, "offset": "0-0", "unread_count": 0}]
        system.api.follow(followers[0], bob)
        [first] = client.wait_for("following notify")
        client.close()
        for follower in followers[1:]:
            system.api.follow(follower, bob)
        wait_until_told(watcher, 5)
        watcher.close()

        back = system.client(bob, last_offset=first["offset"])
        [sync] = back.wait_for("sync")

        names = [name for name, _ in back.events if name != "message"]
        assert names == ["following notify"] * 4 + ["sync"]
        assert {data["user_id"] for data in back.of("following notify")} == {f.id for f in followers[1:]}
        assert sync == {"recovered": True, "offset": back.of("following notify")[-1]["offset"], "unread_count": 5}
        back.close()

    def test_client_replays_from_the_beginning(self, small: System) -> None:
        ann, bob = small.user(), small.user()
        small.api.follow(ann, bob)
        client = small.client(bob, last_offset="0-0")
        client.wait_for("following notify")
        assert client.wait_for("sync")[0]["recovered"] is True
        client.close()

    @pytest.mark.parametrize("last_offset", ["1-1", "9999999999999-0", "no offset", "", "-1", 7, {"a": 1}])
    def test_unknown_offset_sends_the_client_to_the_inbox(self, small: System, last_offset: object) -> None:
        ann, bob = small.user(), small.user()
        first = small.client(bob)
        small.api.follow(ann, bob)
        first.wait_for("following notify")
        first.close()

        client = small.client(bob, last_offset=last_offset)

        assert client.wait_for("sync")[0]["recovered"] is False
        assert client.ids() == []
        client.close()

    def test_mark_read_pushes_the_unread_count_to_every_socket(self, system: System) -> None:
        ann, bob = system.user(), system.user()
        client = system.client(bob)
        system.api.follow(ann, bob)
        [told] = client.wait_for("following notify")

        status, answer = system.api.post("/v1_0/user/notifications/read", {"ids": [told["id"], 12345]}, bob)

        assert (status, answer) == (200, {"unread_count": 0})
        assert client.wait_for("unread", 2)[-1] == {"count": 0, "unseen_count": 0}
        client.close()
