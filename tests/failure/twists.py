"""What can go wrong while every process and service is up: deaf listeners, lost memories, poison, slow clients."""

import shutil
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import socketio
from sqlalchemy import update

from app.models import Notification
from app.services import followings
from tests.failure.injuries import Injury, stop
from tests.failure.load import Load
from tests.failure.signs import is_deaf, log_says, metric, sent_away, unrecovered
from tests.failure.world import World
from tests.rows import write_notification
from tests.services import RabbitMQ, wait_until
from tests.system import BIN


def cut_listeners() -> Injury:
    """Cut only the connections over which the IM servers listen."""

    def hurt(load: Load) -> None:
        world = load.world
        if isinstance(rabbitmq := world.services.get("rabbitmq"), RabbitMQ):
            for line in rabbitmq.ctl("list_queues", "-q", "name", "owner_pid").splitlines():
                if line.startswith("toutiao-im"):
                    rabbitmq.ctl("close_connection", line.split("\t")[1], "tests")
            return
        with world.redis() as connection:
            connection.client_kill_filter(_type="pubsub")

    return Injury(
        "cut listeners",
        hurt=hurt,
        lasts_seconds=1,
        signs={"im0 subscribes anew": metric("im0", "toutiao_im_subscriptions_total")},
    )


def unbind_listeners() -> Injury:
    """Take the IM servers' queues from the exchange: their connections live, and nothing comes any more."""

    def hurt(load: Load) -> None:
        rabbitmq = load.world.services["rabbitmq"]
        assert isinstance(rabbitmq, RabbitMQ)
        for line in rabbitmq.ctl("list_queues", "-q", "name").splitlines():
            if line.startswith("toutiao-im"):
                rabbitmq.ctl("eval", _UNBIND.replace("QUEUE", line.strip()))

    return Injury(
        "unbind listeners",
        hurt=hurt,
        lasts_seconds=0,
        signs={
            "im0 says that it is deaf": is_deaf("im0"),
            "im0 counts it": metric("im0", "toutiao_im_deaf_total"),
            "im0 subscribes anew": metric("im0", "toutiao_im_subscriptions_total"),
        },
    )


_UNBIND = """
Q = rabbit_misc:r(<<"/">>, queue, <<"QUEUE">>),
[rabbit_binding:remove(B, <<"tests">>) || B <- rabbit_binding:list_for_destination(Q),
 element(2, B) =/= rabbit_misc:r(<<"/">>, exchange, <<>>)].
"""


def flush() -> Injury:
    """FLUSHALL: a Redis that has forgotten everything."""

    def hurt(load: Load) -> None:
        with load.world.redis() as connection:
            connection.flushall()
        for device in load.devices:
            device.drop()

    return Injury(
        "flush valkey",
        hurt=hurt,
        lasts_seconds=0,
        signs={"devices are told": unrecovered},
    )


def restore_older() -> Injury:
    """A Redis that comes back with the data of some seconds before, as a backup or a replica that lagged has it."""
    stopped = stop("valkey")
    older: list[Path] = []

    def hurt(load: Load) -> None:
        written = load.world.services["valkey"].folder / "appendonlydir"
        older.append(Path(shutil.copytree(written, load.world.folder / f"older-{time.monotonic_ns()}")))
        away = load.devices[0]
        away.is_here.clear()
        away.drop()
        time.sleep(2)  # what is dispatched now will be missing
        stopped.hurt(load)

    def repair(load: Load) -> None:
        written = load.world.services["valkey"].folder / "appendonlydir"
        shutil.rmtree(written)
        shutil.move(older[-1], written)
        stopped.repair(load)
        load.devices[0].is_here.set()

    return replace(stopped, what="older valkey", hurt=hurt, repair=repair, lasts_seconds=1)


def commit_late() -> Injury:
    """A transaction that stays open for 5 s, while others that began later commit and are dispatched."""
    transaction = ExitStack()
    pairs: list[tuple[int, int]] = []

    def hurt(load: Load) -> None:
        follower, target = load.next_pair()
        connection = transaction.enter_context(load.database.transaction())
        followings.follow(connection, follower_id=follower.id, target_id=target.id)
        pairs.append((follower.id, target.id))

    def repair(load: Load) -> None:
        transaction.close()
        load.committed_at[pairs[-1]] = time.monotonic()

    return Injury("late commit", hurt=hurt, repair=repair, lasts_seconds=5)


def lose_memory() -> Injury:
    """A Redis that comes back empty: it had written nothing down."""
    stopped = stop("valkey")

    def repair(load: Load) -> None:
        shutil.rmtree(load.world.services["valkey"].folder / "appendonlydir")
        stopped.repair(load)

    return replace(stopped, what="empty valkey", repair=repair)


def poison() -> Injury:
    """A notification that no process can build, until an operator mends it and redrives."""
    rows: list[int] = []

    def hurt(load: Load) -> None:
        recipient, actor = load.targets[:2]
        with load.database.transaction() as connection:
            rows.append(write_notification(connection, recipient.id, actor.id, data="[1, 2]"))

    def repair(load: Load) -> None:
        recipient, actor = load.targets[:2]
        mended = update(Notification).where(Notification.id == rows[-1]).values(data=None)
        with load.database.transaction() as connection:
            connection.execute(mended)
        done = load.world.system.run(str(BIN / "flask"), "--app", "app.wsgi", "outbox", "redrive")
        assert done.returncode == 0, done.stderr
        load.committed_at[actor.id, recipient.id] = time.monotonic()

    signs = {"it is set aside": metric("api", "toutiao_outbox_set_aside")}
    return Injury("poison", hurt=hurt, repair=repair, lasts_seconds=0, signs=signs)


def stall() -> Injury:
    """A client that stops reading, while much is sent to it."""

    def hurt(load: Load) -> None:
        device = load.devices[0]
        assert device.user
        device.buffer_bytes = 4096
        device.drop()
        wait_until(lambda: len(device.connected_at) > 1, seconds=10, what="the device is back")
        device.is_reading.clear()
        _flood(load.world, device.user.id)

    return Injury(
        "stall a device",
        hurt=hurt,
        repair=lambda load: load.devices[0].is_reading.set(),
        lasts_seconds=1,
        settles_seconds=15,  # what waits in the kernel's buffers is read first
        signs={"an IM server sends it away": sent_away},
    )


def roam() -> Injury:
    """Every device loses its connection, and comes back to the other server."""

    def hurt(load: Load) -> None:
        for device in load.devices:
            device.drop()

    return Injury("move devices", hurt=hurt, lasts_seconds=0.5)


def crowd() -> Injury:
    """Two more workers and a second beat for a while."""

    def hurt(load: Load) -> None:
        for name in ("worker2", "worker3"):
            load.world.system.add_worker(name)
        load.world.system.add_beat("beat2")

    def repair(load: Load) -> None:
        for name in ("worker2", "worker3", "beat2"):
            load.world.system.processes.pop(name).terminate(seconds=30)

    ready = {f"{name} works": log_says(name, "ready.") for name in ("worker2", "worker3")}
    return Injury("three workers, two beats", hurt=hurt, repair=repair, lasts_seconds=3, signs=ready)


def _flood(world: World, user_id: int) -> None:
    url = world.services[world.broker].url
    kind = socketio.KombuManager if world.broker == "rabbitmq" else socketio.RedisManager
    manager = kind(url, write_only=True)
    for _ in range(200):
        manager.emit("noise", "x" * 100_000, room=str(user_id))
