"""PgBouncer in front of a PostgreSQL, with the default that refuses start-up options."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from dev import postgresql
from tests.services import PostgreSQL, Service, missing


class PgBouncer(Service):
    name = "PgBouncer"

    def __init__(self, folder: Path, server: PostgreSQL, *, mode: str, **settings: object) -> None:
        """`settings` go into its configuration file; `connect_query` goes to the databases."""
        super().__init__(folder)
        found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        if found is None:
            missing("PgBouncer")
        self._binary = str(found)
        self._server = server
        query = f"connect_query='{settings.pop('connect_query')}'" if "connect_query" in settings else ""
        lines = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": mode,
            "default_pool_size": 20,
            **settings,
        }
        self._config = folder / "pgbouncer.ini"
        self._config.write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port} user=toutiao {query}\n[pgbouncer]\n"
            + "".join(f"{name} = {value}\n" for name, value in lines.items())
        )
        postgresql.hand_over(folder)  # PgBouncer refuses to run as root too

    def command(self) -> tuple[list[str], Mapping[str, str], str | None]:
        return [self._binary, str(self._config)], {}, postgresql.owner()

    def through(self, url: str) -> str:
        """Return the URL of a database of the server through the pooler."""
        return url.replace(f":{self._server.port}/", f":{self.port}/")
