"""A Redis behind one address fails over: the old primary continues as a replica of the new one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from core import primary
from core.cache import connect
from core.presence import online_among
from tests.clients import Client
from tests.failure.proxy import Network, Proxy
from tests.services import Service, Valkey, wait_until
from tests.system import System, on_redis


class Pair:
    """A primary and its replica. Clients reach the primary at `url`."""

    def __init__(self, folder: Path, network: Network) -> None:
        self.primary, self.replica = (Valkey(folder / name).start() for name in ("first", "second"))
        self._follow(self.replica, self.primary)
        self._proxy: Proxy = network.link(self.primary.port)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._proxy.port}/0"

    def fail_over(self) -> None:
        """Exchange their roles; open connections stay on their server."""
        wait_until(self._is_in_step, seconds=10, what="the replica has everything")
        with Redis(port=self.replica.port) as replica:
            replica.replicaof("NO", "ONE")
        self._proxy.lead_to(self.replica.port)
        self._follow(self.primary, self.replica)
        self.primary, self.replica = self.replica, self.primary

    def stop(self) -> None:
        self.primary.stop()
        self.replica.stop()

    def _is_in_step(self) -> bool:
        with Redis(port=self.replica.port) as replica, Redis(port=self.primary.port) as primary:
            positions = {primary.info("replication")["master_repl_offset"]}
            return positions == {replica.info("replication")["master_repl_offset"]}

    @staticmethod
    def _follow(replica: Service, primary: Service) -> None:
        with Redis(port=replica.port) as client:
            client.replicaof("127.0.0.1", primary.port)
            wait_until(
                lambda: client.info("replication")["master_link_status"] == "up", seconds=20, what="a replica follows"
            )


@pytest.fixture
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    network = Network()
    pair = Pair(tmp_path_factory.mktemp("pair"), network)
    yield pair
    pair.stop()
    network.close()


class TestClient:
    def test_write_reaches_the_new_primary(self, pair: Pair) -> None:
        with connect(pair.url, timeout_seconds=2) as client:
            client.set("a", 1)
            pair.fail_over()

            client.set("a", 2)

            assert client.get("a") == b"2"

    def test_script_and_pipeline_reach_the_new_primary(self, pair: Pair) -> None:
        with connect(pair.url, timeout_seconds=2) as client:
            client.get("a")
            pair.fail_over()
            client.eval("return redis.call('SET', KEYS[1], 1)", 1, "a")
            pair.fail_over()

            assert client.pipeline(transaction=False).get("a").set("a", 2).execute() == [b"1", True]
            pair.fail_over()
            assert client.pipeline(transaction=True).get("a").set("a", 3).execute() == [b"2", True]

    def test_reader_soon_moves_to_the_new_primary(self, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(primary, "ROLE_SECONDS", 0.1)
        with connect(pair.url, timeout_seconds=2) as client:
            client.get("a")
            pair.fail_over()
            with Redis(port=pair.replica.port) as old, Redis(port=pair.primary.port) as new:
                old.replicaof("127.0.0.1", 1)  # the old primary replicates nothing any more
                new.set("a", "news")

            wait_until(lambda: client.get("a") == b"news", seconds=5, what="a read from the new primary")

    def test_replica_without_a_primary_is_refused(self, pair: Pair) -> None:
        with (
            connect(f"redis://127.0.0.1:{pair.replica.port}/0", timeout_seconds=2) as client,
            pytest.raises(RedisError, match="replica"),
        ):
            client.get("a")


@pytest.mark.parametrize("is_one_redis", [True, False])
def test_system_continues_with_the_new_primary(folder: Path, pair: Pair, is_one_redis: bool) -> None:
    urls = on_redis(pair.url)
    if not is_one_redis:
        urls["MESSAGE_QUEUE_URL"] = pair.url.removesuffix("0") + "1"
    with System(folder / f"failover-{is_one_redis}", **urls) as system:
        ann, bob = system.user(), system.user()
        client = system.client(bob).stay()
        client.wait_for("sync")
        assert system.api.follow(ann, bob) == 201
        client.wait_for("following notify")
        worker = system.processes["worker"].popen.pid

        pair.fail_over()
        with Redis(port=pair.replica.port) as old:
            old.replicaof("127.0.0.1", 1)  # it does not get what is published on the new primary
        assert system.api.follow(system.user(), bob) == 201

        # Live, or from the inbox when the history does not cover the failover.
        wait_until(lambda: len(client.ids()) == 2 or unrecovered(client), seconds=20, what="the second notification")
        with Redis(port=pair.primary.port) as redis:
            wait_until(
                lambda: online_among(redis, [str(bob.id)]), seconds=20, what="presence is kept on the new primary"
            )
        # Each process has moved without a restart, and the worker's main process still runs.
        assert [p.popen.poll() for p in system.processes.values()] == [None] * len(system.processes)
        assert system.processes["worker"].popen.pid == worker
        count = len(client.ids())
        assert system.api.follow(system.user(), bob) == 201
        client.wait_for("following notify", count + 1, seconds=10)
        client.close()


def unrecovered(client: Client) -> bool:
    return any(not sync["recovered"] for sync in client.of("sync"))
