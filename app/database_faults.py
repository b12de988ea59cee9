"""What a database can't do for now, by its errors: what callers are told, and what an operator can do."""

import logging
import sqlite3
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.log import OnceAMinute

log = logging.getLogger(__name__)

READ_ONLY_STATE = "25006"
# What a caller sees when the database can't be reached or does not answer in time.
UNAVAILABLE = (OperationalError, PoolTimeout)

_reported = OnceAMinute()


@dataclass(frozen=True, slots=True)
class Fault:
    """`state` as /readyz shows it, a message for callers, and what an operator can do."""

    state: str
    message: str
    remedy: str


class NoRights(Exception):
    """The database's user may not do what it has to."""


AWAY = Fault("away", "the database is unavailable, try again", "")
READ_ONLY = Fault(
    "read-only",
    "the database takes no changes for now, try again",
    "DATABASE_URL should lead to the primary; with several hosts in it the primary is found by itself",
)
NOT_MIGRATED = Fault(
    "lacks tables or columns of this version",
    "the database is not ready for this version, try again",
    "run alembic upgrade head",
)
NO_RIGHTS = Fault(
    "lacks rights",
    "the database is not ready, try again",
    "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ... and USAGE ON ALL SEQUENCES IN SCHEMA ... to the user",
)
DISK_FULL = Fault(
    "disk full",
    "the database has no room for now, try again",
    "make room on its disk",
)

_BY_SQLSTATE = {
    READ_ONLY_STATE: READ_ONLY,
    "3F000": NOT_MIGRATED,  # no such schema
    "42P01": NOT_MIGRATED,  # no such table
    "42703": NOT_MIGRATED,  # no such column
    "42501": NO_RIGHTS,
    "53100": DISK_FULL,
}
_BY_SQLITE_CODE = {sqlite3.SQLITE_READONLY: READ_ONLY, sqlite3.SQLITE_FULL: DISK_FULL}
_SQLITE_LACKS = ("no such table", "no such column", "has no column named")


def fault_of(error: BaseException) -> Fault | None:
    """Return what the database can't do for now, or None where the statement itself is wrong."""
    if isinstance(error, NoRights):
        return NO_RIGHTS
    original = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(original, sqlite3.Error):
        found = _BY_SQLITE_CODE.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
        if found is None and any(text in str(original) for text in _SQLITE_LACKS):
            found = NOT_MIGRATED
    else:
        found = _BY_SQLSTATE.get(getattr(original, "sqlstate", None) or "")
    if found is not None:
        return found
    is_away = isinstance(error, UNAVAILABLE) or (isinstance(error, DBAPIError) and error.connection_invalidated)
    return AWAY if is_away else None


def is_unavailable(error: BaseException) -> bool:
    """Say whether an error means that the database can't serve now, as opposed to a statement that is wrong."""
    return fault_of(error) is not None


def describe(error: BaseException) -> str:
    """Return what /readyz shows."""
    fault = fault_of(error) or AWAY
    return f"{fault.state}: {fault.remedy} ({cause_of(error)})" if fault.remedy else f"away ({type(error).__name__})"


def report(error: BaseException) -> None:
    """Log what is wrong with the database; what an operator has to do, once a minute and not for each call."""
    fault = fault_of(error) or AWAY
    if not fault.remedy:
        log.warning("database is away: %s", cause_of(error))
    elif _reported.is_due(fault):
        log.error("database: %s (%s). Remedy: %s", fault.state, cause_of(error), fault.remedy)


def cause_of(error: BaseException) -> str:
    """Return what the database itself said, in one line."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0]
