"""What every scenario gets: the peers, the services, and a place for results."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import servers
from bench.load import Load, Lost
from bench.processes import Process
from bench.results import Results
from bench.servers import Server

_PUBLISH_SECONDS = 120
_SUBSCRIBE_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Bench:
    peers: tuple[str, ...]
    redis_url: str
    folder: Path
    results: Results = field(default_factory=Results)
    failures: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    @contextmanager
    def serve(self, peer: str, *, queue_url: str | None = None) -> Iterator[Server]:
        """Run a new server, on Redis unless another message queue is given.

        Lost ends the scenario and becomes a note in the results. For this project's server, it also fails the run.
        """
        env = servers.environment(self.redis_url, queue_url or self.redis_url, self.folder)
        try:
            with servers.serve(peer, env=env, folder=self.folder) as server:
                yield server
        except Lost as error:
            self.results.note(f"{peer} lost something: {error}.")
            if peer == "ours":
                self.failures.append(f"{error}\n{server.process.end_of_log()}")

    def publisher(self, server: Server, *, rooms: int, count: int, through: str, rate: float | None = None) -> Process:
        """Start a process that pushes to a server's clients."""
        command = [sys.executable, "-m", "bench.publish", str(rooms), str(count), "--through", through]
        if rate:
            command += ["--rate", str(rate)]
        return Process(command, env=server.env, log=self.folder / "publish.log")

    def push(
        self, server: Server, load: Load, *, rooms: int, count: int, through: str, rate: float | None = None
    ) -> None:
        """Push and wait until everything has arrived; raise Lost if something is missing. rooms = 0: all clients."""
        expected = count if rooms else count * load.size
        load.reset()
        with self.publisher(server, rooms=rooms, count=count, through=through, rate=rate) as publisher:
            load.run(lambda: load.delivered >= expected, seconds=_PUBLISH_SECONDS, what=f"{expected} deliveries")
            publisher.wait(10)
        load.check_each_received(expected // load.size)

    def wait_subscribed(self, server: Server, load: Load, *, through: str) -> None:
        """Wait until pushes arrive: some servers subscribe with their first client, and give no sign of it."""
        for _ in range(_SUBSCRIBE_ATTEMPTS):
            load.reset()
            with self.publisher(server, rooms=0, count=1, through=through) as publisher:
                publisher.wait(30)
                load.rest(0.5)
            if load.delivered == load.size:
                return
            time.sleep(0.2)
        raise Lost(f"{server.peer} gets nothing from the message queue")
