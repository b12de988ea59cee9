"""The servers under test: this project's, the original design on stock classes, and Node's socket.io."""

import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Process, answers
from bench.services import NotInstalled
from dev import ports
from dev.background import ROOT
from dev.environment import LOOPBACK

PEERS = ("ours", "stock", "node")
SECRET = secrets.token_hex(32)

_NODE_FOLDER = ROOT / "bench" / "peers"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `env` is the environment of its publishers."""

    peer: str
    port: int
    process: Process
    env: dict[str, str]


@contextmanager
def serve(peer: str, *, env: dict[str, str], folder: Path) -> Iterator[Server]:
    """Run one of PEERS with these settings on a free port, and wait until it is ready."""
    port = ports.find_free()
    path = "/readyz" if peer == "ours" else "/socket.io/?EIO=4&transport=polling"
    with Process(_command(peer, port), env=env, log=folder / f"{peer}-{port}.log") as process:
        process.wait_ready(lambda: answers(f"http://{LOOPBACK}:{port}{path}"))
        yield Server(peer, port, process, env)


def environment(redis_url: str, queue_url: str, folder: Path) -> dict[str, str]:
    """Return the settings that this project's processes need, with a database in the folder."""
    return {
        "DATABASE_URL": f"sqlite:///{folder}/toutiao.sqlite3",
        "BROKER_URL": redis_url,
        "REDIS_URL": redis_url,
        "MESSAGE_QUEUE_URL": queue_url,
        "JWT_SECRET": SECRET,
        # The other peers know no other channel, and histories are written under these names.
        "KEY_PREFIX": "",
        "CHANNEL": "socketio",
    }


def install_node() -> None:
    """Install the Node peer from its lock file; raise NotInstalled."""
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalled("Node.js with npm is not installed")
    installed = _NODE_FOLDER / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (_NODE_FOLDER / "package-lock.json").stat().st_mtime:
        subprocess.run([npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=_NODE_FOLDER, check=True)


def _command(peer: str, port: int) -> list[str]:
    match peer:
        case "ours":
            return [sys.executable, "im/main.py", str(port)]
        case "stock":
            return [sys.executable, "bench/peers/stock.py", str(port)]
        case "node":
            return ["node", str(_NODE_FOLDER / "server.mjs"), str(port)]
    raise ValueError(peer)
