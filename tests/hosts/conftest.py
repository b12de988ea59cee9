"""The system as a team runs it for its own apps: events in a TOML file, a schema of its own, tokens with `sub`."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core import service_keys
from dev.background import ROOT
from tests.hosts.host import APPS, KINDS, Host
from tests.services import PostgreSQL, Service
from tests.system import BIN, System, environment, on_redis

SCHEMA = "push"  # the tables of the system; the hosts have theirs in the same database
_SERVICE = service_keys.create("shop")


@pytest.fixture(scope="session")
def wheel(folder: Path) -> Path:
    """The built package, as pip would get it from an index."""
    target = folder / "wheel"
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*build, str(target), str(ROOT / "clients/python")], check=True, timeout=120)
    [built] = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def settings(module_folder: Path, valkeys: Callable[[], Service], postgresql: PostgreSQL) -> dict[str, str]:
    """The settings of the system that do not depend on a host."""
    return {
        **environment(module_folder),
        **on_redis(valkeys().url),
        "DATABASE_URL": postgresql.create_database(),
        "DATABASE_SCHEMA": SCHEMA,
        "EVENTS": str(APPS / "events.toml"),
        "JWT_USER_CLAIM": "sub",
        "JWT_AUDIENCE": "push",
        "SERVICE_KEYS": _SERVICE[1],
    }


@pytest.fixture
def service_key() -> str:
    """The key of a service that has no package."""
    return _SERVICE[0]


@pytest.fixture(scope="module")
def hosts(module_folder: Path, wheel: Path, settings: dict[str, str]) -> Iterator[dict[str, Host]]:
    """Each host by its kind."""
    exported = subprocess.run(
        [str(BIN / "flask"), "--app", "app.wsgi", "events", "export"],
        cwd=ROOT, env=settings, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    (events := module_folder / "events.json").write_text(exported.stdout)
    (key := module_folder / "key.pem").write_bytes(_private_key())
    env = {
        "DATABASE_URL": settings["DATABASE_URL"],
        "PUSH_EVENTS": str(events),
        "PUSH_SCHEMA": SCHEMA,
        "PRIVATE_KEY": str(key),
    }
    with ExitStack() as stack:
        yield {kind: stack.enter_context(Host(kind, module_folder, wheel, **env)) for kind in KINDS}


@pytest.fixture(scope="module")
def system(module_folder: Path, settings: dict[str, str], hosts: dict[str, Host]) -> Iterator[System]:
    keys = f"{hosts['flask'].url}/jwks.json"
    with System(module_folder / "system", **{**settings, "JWT_JWKS_URL": keys}) as running:
        yield running


def _private_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
