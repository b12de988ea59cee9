"""A PostgreSQL standby that follows a primary, and can be promoted."""

import subprocess
from pathlib import Path

import psycopg

from dev.postgresql import owner
from tests.services import PostgreSQL, wait_until


class Standby(PostgreSQL):
    name = "standby"

    def __init__(self, folder: Path, primary: PostgreSQL) -> None:
        self._primary = primary
        super().__init__(folder)

    def make_data(self) -> None:
        source = ["-d", f"host=127.0.0.1 port={self._primary.port} user=toutiao"]
        options = ["-D", str(self.folder / "data"), "-R", "--checkpoint=fast", "--no-sync", *source]
        command = [str(self._programs / "pg_basebackup"), *options]
        subprocess.run(command, user=owner(), cwd=self.folder, check=True, capture_output=True, timeout=60)

    def wait_for_all(self) -> None:
        """Wait until all that the primary has committed is here."""
        written = query(self._primary, "SELECT pg_current_wal_flush_lsn()")
        behind = f"SELECT pg_last_wal_replay_lsn() < '{written}'"
        wait_until(lambda: query(self, behind) is False, seconds=20, what="the standby has all")

    def cut_off(self) -> None:
        """Hear no more of the primary. What it commits from now on is not here, not even unread."""
        query(self, "ALTER SYSTEM SET primary_conninfo = ''")
        query(self, "SELECT pg_reload_conf()")
        wait_until(lambda: query(self, _RECEIVERS) == 0, seconds=20, what="the standby hears nothing")

    def promote(self) -> None:
        """Become a primary with what is here."""
        query(self, "SELECT pg_promote()")
        wait_until(
            lambda: query(self, "SELECT pg_is_in_recovery()") is False, seconds=20, what="the standby is promoted"
        )


_RECEIVERS = "SELECT count(*) FROM pg_stat_wal_receiver"


def query(server: PostgreSQL, statement: str) -> object:
    """Return the value that a statement answers with, None where it has none."""
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]


def make_read_only(server: PostgreSQL) -> None:
    """Let it go on as a server that only reads, with the connections that it has."""
    query(server, "ALTER SYSTEM SET default_transaction_read_only = on")
    query(server, "SELECT pg_reload_conf()")
    wait_until(lambda: query(server, "SHOW default_transaction_read_only") == "on", seconds=10, what="it only reads")
