"""A user who is followed is notified at once, and no other user is."""

import sys
import time

import pytest
import socketio

from tests.e2e.js_client import JsClient
from tests.system import System


class TestPush:
    def test_each_socket_of_the_target_gets_one_notification_and_others_none(self, system: System) -> None:
        ann, bob, eve = system.user(), system.user(), system.user()
        last = len(system.im_ports) - 1
        clients = [system.client(bob), system.client(bob, im=last)]
        others = [system.client(ann), system.client(eve, im=last), system.client(None)]
        for client in (*clients, *others[:2]):
            client.wait_for("sync")

        assert system.api.follow(ann, bob) == 201

        for client in clients:
            [told] = client.wait_for("following notify")
            assert told.pop("offset").count("-") == 1
            assert isinstance(told.pop("id"), int)
            assert abs(told.pop("timestamp") - time.time()) < 60
            assert told == {"user_id": ann.id, "user_name": ann.name, "user_photo": "/static/default-photo.svg"}
            assert client.wait_for("unread")[-1] == {"count": 1, "unseen_count": 1}
        assert [client.ids() for client in others] == [[], [], []]
        for client in (*clients, *others):
            client.close()

    def test_repeated_follow_pushes_nothing_while_unread(self, small: System) -> None:
        ann, bob = small.user(), small.user()
        for _ in range(2):
            assert small.api.follow(ann, bob) == 201
            assert small.api.call("DELETE", f"/v1_0/user/followings/{bob.id}", token=ann.token)[0] == 204
            assert small.api.follow(ann, bob) == 201

        _, inbox = small.api.get("/v1_0/user/notifications", bob)

        assert [n["data"]["user_id"] for n in inbox["results"]] == [ann.id]

    def test_changed_profile_appears_in_the_next_push(self, small: System) -> None:
        ann, bob, eve = small.user(), small.user(), small.user()
        client = small.client(bob)
        client.wait_for("sync")
        small.api.follow(ann, eve)
        name = f"new {ann.name}"
        assert small.api.call("PATCH", "/v1_0/user", {"name": name}, token=ann.token)[0] == 200

        small.api.follow(ann, bob)

        assert client.wait_for("following notify")[0]["user_name"] == name
        client.close()

    @pytest.mark.parametrize("transports", ["websocket", "polling", "polling,websocket"])
    def test_official_javascript_client_gets_the_push(self, small: System, transports: str) -> None:
        ann, bob = small.user(), small.user()
        with JsClient(small.im_urls[0], bob.token, transports) as client:
            client.next("connected")

            small.api.follow(ann, bob)

            told = client.next("following notify")
        assert set(told) == {"user_id", "user_name", "user_photo", "timestamp", "id", "offset"}

    @pytest.mark.parametrize("system", ["small", "big", "stock"], indirect=True)  # "mixed" accepts only what is signed
    def test_other_process_reaches_a_room_with_a_stock_manager(self, system: System) -> None:
        bob = system.user()
        client = system.client(bob)
        client.wait_for("sync")
        url = system.env["MESSAGE_QUEUE_URL"]
        kind = socketio.KombuManager if url.startswith("amqp") else socketio.RedisManager

        manager = kind(url, write_only=True)
        manager.emit("anything", {"a": 1}, room=str(bob.id))

        assert client.wait_for("anything") == [{"a": 1}]
        client.close()
        if url.startswith("amqp"):
            manager.publisher_connection.release()
        else:
            manager.redis.close()

    def test_publisher_of_the_benchmark_reaches_rooms_and_all(self, system: System) -> None:
        bob = system.user()
        client = system.client(bob)
        client.wait_for("sync")

        done = system.run(sys.executable, "-m", "bench.publish", str(bob.id), str(bob.id))
        assert done.returncode == 0, done.stderr
        assert system.run(sys.executable, "-m", "bench.publish", "0", "3").returncode == 0

        assert {"t"} == set().union(*client.wait_for("following notify", 4))
        client.close()
