"""A second PostgreSQL that follows a first one, and can take its place."""

import subprocess
from pathlib import Path

import psycopg

from tests.services import PostgreSQL, wait_until


class Standby(PostgreSQL):
    name = "standby"

    def __init__(self, folder: Path, primary: PostgreSQL) -> None:
        self._primary = primary
        super().__init__(folder)

    def make_data(self) -> None:
        copy = [str(self._bin / "pg_basebackup"), "-D", str(self._data), "-R", "--checkpoint=fast", "--no-sync"]
        copy += ["-d", f"host=127.0.0.1 port={self._primary.port} user=toutiao"]
        subprocess.run(copy, user=self._user, cwd=self.folder, check=True, capture_output=True, timeout=60)

    def promote(self) -> None:
        """Wait until all that the primary has is here, and become one."""
        written = query(self._primary, "SELECT pg_current_wal_flush_lsn()")
        behind = f"SELECT pg_last_wal_replay_lsn() < '{written}'"
        wait_until(lambda: query(self, behind) is False, seconds=20, what="the standby has all")
        query(self, "SELECT pg_promote()")
        wait_until(lambda: query(self, "SELECT pg_is_in_recovery()") is False, seconds=20, what="it is promoted")


def query(server: PostgreSQL, question: str) -> object:
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        [[value]] = connection.execute(question).fetchall()
        return value


def make_read_only(server: PostgreSQL) -> None:
    """Let it go on as a server that only reads, with the connections that it has."""
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
    wait_until(lambda: query(server, "SHOW default_transaction_read_only") == "on", seconds=10, what="it only reads")
