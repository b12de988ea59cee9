"""Users of somebody else's app are notified of exactly what that app has committed, whatever dies."""

import uuid

import pytest

from tests.clients import Client
from tests.hosts.host import Host
from tests.system import System

EVENT = "order shipped"
USERS = {"flask": str(uuid.UUID(int=42)), "django": 42, "fastapi": "ann@example.com"}


@pytest.mark.parametrize("kind", USERS)
def test_user_sees_exactly_what_the_host_committed(hosts: dict[str, Host], system: System, kind: str) -> None:
    host, user = hosts[kind], USERS[kind]
    token = host.token(user)
    client = Client(system.im_urls, token).stay()
    client.wait_for("sync")

    assert host.order(user, "a book") == 201
    assert host.order(user, "a lamp", fails=True) == 500
    client.wait_for(EVENT)
    for name in ("worker", "im0"):
        system.processes[name].kill()
        assert host.order(user, f"a chair, without {name}") == 201
        system.processes[name].start()

    client.wait_for(EVENT, 3, seconds=30)
    pushed = {each["id"]: each["item"] for each in client.of(EVENT)}  # a repeat has the id of the first
    assert list(pushed.values()) == host.orders() == ["a book", "a chair, without worker", "a chair, without im0"]
    status, inbox = system.api.call("GET", "/v1_0/user/notifications", token=token)
    assert status == 200
    assert [each["id"] for each in reversed(inbox["results"])] == list(pushed)
    assert inbox["results"][-1]["text"] == "On its way: a book"
    client.close()
