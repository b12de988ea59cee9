"""Faults of data: what Redis has lost, and rows that are late or invalid."""

import shutil
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from sqlalchemy import update

from app.services import followings
from core.models import Notification
from tests.failure.faults import Fault
from tests.failure.load import Load
from tests.failure.service_faults import stop
from tests.failure.symptoms import metric, unrecovered
from tests.rows import write_notification
from tests.system import BIN


def flush() -> Fault:
    """Delete everything in Redis with FLUSHALL."""

    def inject(load: Load) -> None:
        with load.cluster.redis() as connection:
            connection.flushall()
        for client in load.clients:
            client.drop()

    return Fault(
        "flush valkey",
        inject=inject,
        lasts_seconds=0,
        symptoms={"every client is told to read its inbox": unrecovered},
    )


def restart_empty() -> Fault:
    """Restart Redis without the data on its disk."""
    stopped = stop("valkey")

    def repair(load: Load) -> None:
        shutil.rmtree(load.cluster.services["valkey"].folder / "appendonlydir")
        stopped.repair(load)

    return replace(stopped, name="empty valkey", repair=repair)


def restore_older() -> Fault:
    """Restart Redis with its data of some seconds before, as a restored backup or a replica that lagged does."""
    stopped = stop("valkey")
    older: list[Path] = []

    def inject(load: Load) -> None:
        written = load.cluster.services["valkey"].folder / "appendonlydir"
        older.append(Path(shutil.copytree(written, load.cluster.folder / f"older-{time.monotonic_ns()}")))
        offline = load.clients[0]
        offline.may_connect.clear()
        offline.drop()
        time.sleep(2)  # the older data lacks what is dispatched now
        stopped.inject(load)

    def repair(load: Load) -> None:
        written = load.cluster.services["valkey"].folder / "appendonlydir"
        shutil.rmtree(written)
        shutil.move(older[-1], written)
        stopped.repair(load)
        load.clients[0].may_connect.set()

    return replace(stopped, name="older valkey", inject=inject, repair=repair, lasts_seconds=1)


def commit_late() -> Fault:
    """Keep a transaction open for 5 s, while later ones commit and are dispatched."""
    transaction = ExitStack()
    pairs: list[tuple[int, int]] = []

    def inject(load: Load) -> None:
        follower, target = load.next_pair()
        connection = transaction.enter_context(load.database.transaction())
        followings.follow(connection, follower_id=follower.id, target_id=target.id)
        pairs.append((follower.id, target.id))

    def repair(load: Load) -> None:
        transaction.close()
        load.committed_at[pairs[-1]] = time.monotonic()

    return Fault("late commit", inject=inject, repair=repair, lasts_seconds=5)


def dead_letter() -> Fault:
    """Write a notification with invalid data; repair the row and redrive it, as an operator does."""
    rows: list[int] = []

    def inject(load: Load) -> None:
        recipient, actor = load.targets[:2]
        with load.database.transaction() as connection:
            rows.append(write_notification(connection, recipient.id, actor.id, data="[1, 2]"))

    def repair(load: Load) -> None:
        recipient, actor = load.targets[:2]
        repaired = update(Notification).where(Notification.id == rows[-1]).values(data=None)
        with load.database.transaction() as connection:
            connection.execute(repaired)
        done = load.cluster.system.run(str(BIN / "flask"), "--app", "app.wsgi", "outbox", "redrive")
        assert done.returncode == 0, done.stderr
        load.committed_at[actor.id, recipient.id] = time.monotonic()

    symptoms = {"the notification is a dead letter": metric("api", "toutiao_outbox_dead_letters")}
    return Fault("dead letter", inject=inject, repair=repair, lasts_seconds=0, symptoms=symptoms)
