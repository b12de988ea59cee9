"""Checks services that the user runs and whose URLs are set."""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from amqp.exceptions import AMQPError
from kombu.connection import Connection
from kombu.exceptions import KombuError

from core import tls
from core.cache import RedisError, connect
from core.db import UNAVAILABLE, Database
from core.settings import SettingsError
from dev.errors import RunError

_SECONDS = 3
_UNAVAILABLE = (OSError, AMQPError, KombuError, RedisError, *UNAVAILABLE)


def check_given(env: Mapping[str, str], names: Iterable[str]) -> None:
    """Log in to each service. Raise RunError with the name of the first variable whose service does not answer."""
    for name in names:
        try:
            _ping_for(name)(env[name])
        except SettingsError as error:
            raise RunError(str(error)) from None
        except _UNAVAILABLE as error:
            raise RunError(
                f"{name}: {_without_password(env[name])} does not answer ({_first_line(error)}); "
                f"start that service, correct {name}, or unset it to use the built-in one"
            ) from None


def _ping_for(name: str) -> Callable[[str], object]:
    return _ping_database if name == "DATABASE_URL" else _ping_queue


def _ping_database(url: str) -> None:
    database = Database(url, pool_size=1)
    if database.is_sqlite:
        return  # a file, which the migrations create
    try:
        database.ping()
    finally:
        database.close()


def _ping_queue(url: str) -> None:
    if urlsplit(url).scheme.startswith("redis"):
        with connect(url, timeout_seconds=_SECONDS) as redis:
            redis.ping()
    else:
        kombu_url, tls_options = tls.for_kombu(url)
        with Connection(kombu_url, ssl=tls_options, connect_timeout=_SECONDS) as connection:
            connection.connect()


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
