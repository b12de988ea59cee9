"""IM servers and beat of the previous release run beside API and workers of this one.

The previous API and workers can't: migration 0012 changes the type of ids. They are stopped before it.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from core.db import Database
from tests import schema
from tests.clients import Client, User
from tests.services import PostgreSQL, RabbitMQ, Service, wait_until
from tests.system import ROOT, System, on_redis

LAST_RELEASE = "39cce8a68b577542aed418c5be3d30450b306049"  # pragma: allowlist secret
SHAPES = [
    ("redis+sqlite", ("beat", "im0")),
    ("rabbitmq+postgresql", ("beat", "im0", "im1")),
]


@pytest.fixture(scope="module")
def last_release(module_folder: Path) -> Path:
    checkout = module_folder / "last-release"
    archive = subprocess.run(["git", "archive", LAST_RELEASE], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip("the history of this checkout does not go back to the last release")
    checkout.mkdir()
    subprocess.run(["tar", "-x"], cwd=checkout, input=archive.stdout, check=True)
    return checkout


@pytest.fixture(scope="module", params=SHAPES, ids=lambda shape: f"{shape[0]}, old {' '.join(shape[1])}")
def system(
    request: pytest.FixtureRequest, module_folder: Path, last_release: Path, valkeys: Callable[[], Service]
) -> Iterator[System]:
    shape, old = request.param
    urls = on_redis(valkeys().url)
    if shape == "rabbitmq+postgresql":
        rabbitmq: RabbitMQ = request.getfixturevalue("rabbitmq")
        postgresql: PostgreSQL = request.getfixturevalue("postgresql")
        urls |= dict.fromkeys(("BROKER_URL", "MESSAGE_QUEUE_URL"), rabbitmq.create_vhost())
        urls["DATABASE_URL"] = postgresql.create_database()
    with System(module_folder / shape, im_servers=2, checkout_of=dict.fromkeys(old, last_release), **urls) as system:
        yield system


def test_no_notification_is_lost_between_two_versions(system: System) -> None:
    bob, *followers = [system.user() for _ in range(4)]
    open_ones = [system.client(bob, im=im).stay() for im in (0, 1)]
    for client in open_ones:
        client.wait_for("sync")

    system.api.follow(followers[0], bob)

    for client in open_ones:
        client.wait_for("following notify")
        assert client.wait_for("unread")[-1] == {"count": 1, "unseen_count": 1}
        assert shown(client) == inbox(system, bob)
    leaver, stayer = open_ones
    leaver.close()
    system.api.follow(followers[1], bob)
    wait_until(lambda: len(shown(stayer)) == 2, seconds=20, what="the second follow is told")
    back = system.client(bob, im=1, last_offset=leaver.last_offset).stay()
    assert_nothing_missed(system, bob, leaver, back)

    seen = {stayer: set(), back: set(leaver.ids())}
    system.api.follow(followers[2], bob)
    for client, before in seen.items():
        wait_until(lambda c=client, b=before: is_told(system, bob, c, b), seconds=20, what="the client is notified")  # type: ignore[misc]
    system.api.post("/v1_0/user/notifications/read", {"up_to": max(inbox(system, bob))}, bob)
    for client in (stayer, back):
        wait_until(
            lambda c=client: {"count": 0, "unseen_count": 0} in c.of("unread"), seconds=10, what="the unread count is 0"
        )  # type: ignore[misc]
        client.close()


def test_sockets_stay_open_while_ids_become_texts(system: System) -> None:
    """API and worker are stopped, the migration runs, and they start again, as docs/operations.md says."""
    bob, ann = system.user(), system.user()
    clients = [system.client(bob, im=im) for im in (0, 1)]
    for client in clients:
        client.wait_for("sync")
    for name in ("api", "worker"):
        system.processes[name].terminate()
    schema.migrate(command.downgrade, system.env, "0011")
    with closing(Database(system.env["DATABASE_URL"])) as database, database.transaction() as connection:
        row = "INSERT INTO notifications (recipient_id, actor_id, event, created_at) VALUES (:to, :actor, :event, :now)"
        values = {"to": bob.id, "actor": ann.id, "event": "following notify", "now": int(time.time())}
        connection.execute(text(row), values)  # as the previous API has committed it

    schema.upgrade(system.env)
    for name in ("api", "worker"):
        system.processes[name].start()
    system.wait_ready()

    for client in clients:
        told, *_repeats = client.wait_for("following notify", seconds=20)
        assert (told["user_id"], told["user_name"]) == (ann.id, ann.name)
        assert shown(client) == inbox(system, bob)
        client.close()


def shown(client: Client) -> list[int]:
    """Return what a client shows, which drops repeats. An old IM server also sends it the updates of groups."""
    return list(dict.fromkeys(client.ids()))


def inbox(system: System, user: User) -> list[int]:
    return sorted(found["id"] for found in system.api.get("/v1_0/user/notifications", user)[1]["results"])


def is_told(system: System, user: User, client: Client, before: set[int]) -> bool:
    """Say whether a client has seen every notification, or was told to read its inbox."""
    is_sent_to_inbox = not all(sync["recovered"] for sync in client.of("sync"))
    return is_sent_to_inbox or before | set(client.ids()) == set(inbox(system, user))


def assert_nothing_missed(system: System, user: User, before: Client, after: Client) -> None:
    """Assert that a client gets what it has not seen, or is told to read its inbox."""
    [sync] = after.wait_for("sync")
    if sync["recovered"]:
        assert [*shown(before), *shown(after)] == inbox(system, user)
    assert sync["unread_count"] in (2, None)
