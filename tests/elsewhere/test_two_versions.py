"""Processes of the last release beside those of this one, as in a rolling release after its migrations."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients import Client, User
from tests.services import PostgreSQL, RabbitMQ, Service, wait_until
from tests.system import ROOT, System, on_redis

LAST_RELEASE = "39cce8a68b577542aed418c5be3d30450b306049"
SHAPES = [
    ("redis+sqlite", ("api", "beat")),
    ("redis+sqlite", ("worker", "im0")),
    ("rabbitmq+postgresql", ("worker", "im1")),
    ("rabbitmq+postgresql", ("api", "im0", "im1")),
]


@pytest.fixture(scope="module")
def last_release(folder: Path) -> Path:
    checkout = folder / "last-release"
    archive = subprocess.run(["git", "archive", LAST_RELEASE], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip("the history of this checkout does not go back to the last release")
    checkout.mkdir()
    subprocess.run(["tar", "-x"], cwd=checkout, input=archive.stdout, check=True)
    return checkout


@pytest.fixture(params=SHAPES, ids=lambda shape: f"{shape[0]}, old {' '.join(shape[1])}")
def system(
    request: pytest.FixtureRequest, tmp_path: Path, last_release: Path, valkeys: Callable[[], Service]
) -> Iterator[System]:
    shape, old = request.param
    urls = on_redis(valkeys().url)
    if shape == "rabbitmq+postgresql":
        rabbitmq: RabbitMQ = request.getfixturevalue("rabbitmq")
        postgresql: PostgreSQL = request.getfixturevalue("postgresql")
        urls |= dict.fromkeys(("BROKER_URL", "MESSAGE_QUEUE_URL"), rabbitmq.create_vhost())
        urls["DATABASE_URL"] = postgresql.create_database()
    with System(tmp_path, im_servers=2, checkout_of=dict.fromkeys(old, last_release), **urls) as system:
        if "worker" in old:
            system.add_worker("new-worker")  # workers come first
        yield system


def test_nothing_is_lost(system: System) -> None:
    bob, *followers = [system.user() for _ in range(4)]
    open_ones = [system.client(bob, im=im).stay() for im in (0, 1)]
    for client in open_ones:
        client.wait_for("sync")

    system.api.follow(followers[0], bob)

    for client in open_ones:
        client.wait_for("following notify")
        assert client.wait_for("unread")[-1] == {"count": 1}
        assert client.ids() == inbox(system, bob)
    leaver, stayer = open_ones
    leaver.close()
    system.api.follow(followers[1], bob)
    stayer.wait_for("following notify", 2)
    back = system.client(bob, im=1, last_offset=leaver.last_offset).stay()
    assert_nothing_missed(system, bob, leaver, back)

    seen = {stayer: set(), back: set(leaver.ids())}
    system.api.follow(followers[2], bob)
    for client, before in seen.items():
        wait_until(lambda c=client, b=before: is_told(system, bob, c, b), seconds=20, what="it is told")  # type: ignore[misc]
    system.api.post("/v1_0/user/notifications/read", {"up_to": max(inbox(system, bob))}, bob)
    for client in (stayer, back):
        wait_until(lambda c=client: {"count": 0} in c.of("unread"), seconds=10, what="its count is 0")  # type: ignore[misc]
        client.close()


def inbox(system: System, user: User) -> list[int]:
    return sorted(found["id"] for found in system.api.get("/v1_0/user/notifications", user)[1]["results"])


def is_told(system: System, user: User, client: Client, before: set[int]) -> bool:
    """Say whether a client has seen all there is, or has been told to read its inbox."""
    is_sent_to_inbox = not all(sync["recovered"] for sync in client.of("sync"))
    return is_sent_to_inbox or before | set(client.ids()) == set(inbox(system, user))


def assert_nothing_missed(system: System, user: User, before: Client, after: Client) -> None:
    """What a client has not seen it is given, or it is told to read its inbox."""
    [sync] = after.wait_for("sync")
    if sync["recovered"]:
        assert [*before.ids(), *after.ids()] == inbox(system, user)
    assert sync["unread_count"] in (2, None)
