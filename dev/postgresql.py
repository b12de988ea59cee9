"""A private PostgreSQL server for tests and benchmarks."""

import getpass
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from dev.environment import LOOPBACK

_INIT_SECONDS = 60


def find_programs() -> Path | None:
    """Return the folder of initdb and postgres, None when PostgreSQL is not installed."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))  # Debian has them not in PATH
    found = shutil.which("postgres") or (candidates[-1] if candidates else None)
    return Path(found).resolve().parent if found else None


def owner() -> str | None:
    """Return the user who has to run the server; None for the present one. PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def hand_over(folder: Path) -> None:
    """Give the folder to the user who runs the server."""
    user = owner()
    if user is None:
        return
    folder.chmod(0o755)
    os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    for parent in folder.parents[:3]:  # the user has to reach the folder
        if parent.owner() == getpass.getuser():
            parent.chmod(parent.stat().st_mode | 0o011)


def make_data(programs: Path, folder: Path) -> None:
    """Make an empty cluster in `folder`/data, with the superuser toutiao, who needs no password."""
    options = ["-D", str(folder / "data"), "-U", "toutiao", "--encoding=UTF8", "--auth=trust", "--no-sync"]
    command = [str(programs / "initdb"), *options]
    subprocess.run(command, user=owner(), cwd=folder, check=True, capture_output=True, timeout=_INIT_SECONDS)


def command(programs: Path, folder: Path, port: int) -> list[str]:
    """Return the command of the server. It does not wait for the disk, as nothing here has to outlive the machine."""
    settings = {"port": port, "listen_addresses": LOOPBACK, "unix_socket_directories": "", "fsync": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(programs / "postgres"), "-D", str(folder / "data"), *options]


def url(port: int, database: str = "postgres") -> str:
    """Return what DATABASE_URL should hold."""
    return f"postgresql+psycopg://toutiao@{LOOPBACK}:{port}/{database}"


def answers(port: int) -> bool:
    """Say whether the server takes connections."""
    import psycopg  # only who runs a server needs it

    try:
        psycopg.connect(url(port).replace("+psycopg", ""), connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True
