"""Users as the API makes them. A sign-up and a log-in each hash a password, which is slow on purpose; these don't."""

import functools
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress

from sqlalchemy import Connection

from app.services import accounts, authorizations, credentials
from app.services.passwords import hash_password
from core import dispatch_state
from core.cache import RedisError, connect
from core.db import Database
from core.epochs import Epochs
from core.keys import Keys
from core.unread import Counts, UnreadCache
from tests.clients import PASSWORD, User

_REDIS_SECONDS = 1


def insert_user(settings: Mapping[str, str], name: str) -> User:
    """Make a user with the password of all, and log in."""
    with opened(settings) as database:
        with database.transaction() as connection:
            user_id = sign_up(connection, name)
            user = _log_in(settings, connection, name)
        with suppress(RedisError):  # the API answers 201 then too
            _keep_unread_count(settings, database, user_id)
    return user


def log_in(settings: Mapping[str, str], name: str) -> User:
    """Log in on another device."""
    with opened(settings) as database, database.transaction() as connection:
        return _log_in(settings, connection, name)


def _log_in(settings: Mapping[str, str], connection: Connection, name: str) -> User:
    found = credentials.find(connection, name)
    assert found is not None, name
    begun = authorizations.log_in(connection, found)
    secret = settings["JWT_SECRET"]
    return User(found.user_id, name, begun.access_token(secret), begun.refresh_token(secret))


def sign_up(connection: Connection, name: str) -> int:
    """Make a user with the password of all."""
    return accounts.sign_up(connection, name=name, password_hash=_password_hash())["id"]


@functools.cache
def _password_hash() -> str:
    return hash_password(PASSWORD)


@contextmanager
def opened(settings: Mapping[str, str]) -> Iterator[Database]:
    """The database of a system with these settings."""
    schema = settings.get("DATABASE_SCHEMA")
    with closing(Database(settings["DATABASE_URL"], schema=schema, pool_size=1)) as database:
        yield database


def _keep_unread_count(settings: Mapping[str, str], database: Database, user_id: int) -> None:
    keys = Keys(settings.get("KEY_PREFIX", ""))
    with closing(connect(settings["REDIS_URL"], timeout_seconds=_REDIS_SECONDS)) as redis:
        unread = UnreadCache(redis, keys)
        moment = unread.moment()
        dispatch_state.verified(
            database, Epochs(redis, keys), lambda: unread.set({str(user_id): Counts()}, read_at=moment)
        )
