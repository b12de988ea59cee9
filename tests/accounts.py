"""Users as the API makes them, without their passwords."""

from collections.abc import Mapping
from contextlib import closing, suppress

from app.services import accounts, authorizations
from app.services.credentials import Credentials
from core import dispatch_state
from core.cache import RedisError, connect
from core.db import Database
from core.epochs import Epochs
from core.keys import Keys
from core.unread import Counts, UnreadCache
from tests.clients import User

_REDIS_SECONDS = 1
_NO_HASH = "nobody logs in"


def insert_user(settings: Mapping[str, str], name: str) -> User:
    """Make a user who can't log in: a sign-up and a log-in each hash a password, which is slow on purpose."""
    schema = settings.get("DATABASE_SCHEMA")
    with closing(Database(settings["DATABASE_URL"], schema=schema, pool_size=1)) as database:
        with database.transaction() as connection:
            user_id = accounts.sign_up(connection, name=name, password_hash=_NO_HASH)["id"]
            logged_in = authorizations.log_in(connection, Credentials(user_id, _NO_HASH))
        with suppress(RedisError):  # the API answers 201 then too
            _keep_unread_count(settings, database, user_id)
    secret = settings["JWT_SECRET"]
    return User(user_id, name, logged_in.access_token(secret), logged_in.refresh_token(secret))


def _keep_unread_count(settings: Mapping[str, str], database: Database, user_id: int) -> None:
    keys = Keys(settings.get("KEY_PREFIX", ""))
    with closing(connect(settings["REDIS_URL"], timeout_seconds=_REDIS_SECONDS)) as redis:
        unread = UnreadCache(redis, keys)
        moment = unread.moment()
        dispatch_state.verified(
            database, Epochs(redis, keys), lambda: unread.set({str(user_id): Counts()}, read_at=moment)
        )
