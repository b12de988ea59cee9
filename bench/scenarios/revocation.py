"""A user logs out everywhere: the time until all sockets of the user are closed, on two servers."""

import http.client
import time
from collections.abc import Sequence

from bench.bench import Bench
from bench.load import Load
from bench.scenarios import follow
from bench.servers import SECRET
from core import tokens
from dev.environment import LOOPBACK

_SECONDS = 30


def run(bench: Bench, *, sockets: int, rounds: int) -> None:
    users = range(follow.USERS + 1, follow.USERS + 1 + rounds)  # others than those that follow
    api = follow.serve_api(bench, users=users[-1])
    with api as (_, api_port), bench.serve("ours") as one, bench.serve("ours") as other:
        for user_id in users:
            with Load(one.port) as first, Load(other.port) as second:
                for load in (first, second):
                    load.connect([user_id] * (sockets // 2))
                started_at = time.monotonic()
                _log_out(api_port, user_id)
                bench.results.add("log_out_ms", "ours", 1000 * (time.monotonic() - started_at))
                _wait_closed([first, second], sockets // 2)
                bench.results.add("revoked_seconds", "ours", time.monotonic() - started_at, at=sockets)


def _log_out(port: int, user_id: int) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_SECONDS)
    token = tokens.sign(SECRET, user_id=user_id)
    connection.request("DELETE", "/v1_0/authorizations", headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    if answer.status != 204:
        raise RuntimeError(f"a log-out was answered {answer.status}: {answer.read()!r}")
    connection.close()


def _wait_closed(loads: Sequence[Load], sockets: int) -> None:
    """Wait until each of the servers has closed its sockets."""
    deadline = time.monotonic() + _SECONDS
    while any(load.closed < sockets for load in loads):
        for load in loads:
            load.turn(0.001)
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {[load.closed for load in loads]} of {sockets} sockets are closed")
