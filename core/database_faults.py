"""Translate an error of the database into an answer for callers, and into a remedy for operators."""

import logging
import sqlite3
from dataclasses import dataclass

import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.log import OnceAMinute

log = logging.getLogger(__name__)

READ_ONLY_STATE = "25006"
# The errors that a caller gets while the database can't be reached or does not answer in time.
UNAVAILABLE = (OperationalError, PoolTimeout)

_reported = OnceAMinute()


@dataclass(frozen=True, slots=True)
class Fault:
    """What the database can't do now: `state` for /readyz, `message` for callers, `remedy` for operators."""

    state: str
    message: str
    remedy: str


class NoAnswer(psycopg.OperationalError):
    """A statement was not answered in time. Behind a pooler nobody knows whether the server works on it."""


class NoRights(Exception):
    """The database user lacks a right that this system needs."""


NO_ANSWER = Fault("unavailable", "the database is unavailable, try again", "")
READ_ONLY = Fault(
    "read-only",
    "the database is read-only now, try again",
    "point DATABASE_URL at the primary, or list all hosts in it: then each connection finds the primary",
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
LOCKED = Fault("busy: a lock was held for too long", "the database is busy, try again", "")
SLOW = Fault("busy: a statement took too long", "the database is busy, try again", "")
DISK_FULL = Fault(
    "disk full",
    "the database is out of disk space, try again",
    "free disk space on the database server",
)

_BY_SQLSTATE = {
    READ_ONLY_STATE: READ_ONLY,
    "3F000": NOT_MIGRATED,  # no such schema
    "42P01": NOT_MIGRATED,  # no such table
    "42703": NOT_MIGRATED,  # no such column
    "42501": NO_RIGHTS,
    "53100": DISK_FULL,
    "55P03": LOCKED,
    "40P01": LOCKED,  # a deadlock, which the server ends by an error of one of its transactions
    "57014": SLOW,
}
_BY_SQLITE_CODE = {sqlite3.SQLITE_READONLY: READ_ONLY, sqlite3.SQLITE_FULL: DISK_FULL}
_SQLITE_NOT_MIGRATED = ("no such table", "no such column", "has no column named")


def fault_of(error: BaseException) -> Fault | None:
    """Return the fault that an error shows, or None where the statement itself is wrong."""
    if isinstance(error, NoRights):
        return NO_RIGHTS
    original = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(original, sqlite3.Error):
        found = _BY_SQLITE_CODE.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
        if found is None and any(text in str(original) for text in _SQLITE_NOT_MIGRATED):
            found = NOT_MIGRATED
    else:
        found = _BY_SQLSTATE.get(getattr(original, "sqlstate", None) or "")
    if found is not None:
        return found
    has_no_answer = isinstance(error, UNAVAILABLE) or (isinstance(error, DBAPIError) and error.connection_invalidated)
    return NO_ANSWER if has_no_answer else None


def is_unavailable(error: BaseException) -> bool:
    """Say whether the database can't serve now. It is False where the statement itself is wrong."""
    return fault_of(error) is not None


def is_slow(error: BaseException) -> bool:
    """Say whether perhaps a statement alone took too long. Another one may be answered at once."""
    return fault_of(error) is SLOW or isinstance(getattr(error, "orig", None), NoAnswer)


def describe(error: BaseException) -> str:
    """Return what /readyz shows for an error."""
    fault = fault_of(error) or NO_ANSWER
    if not fault.remedy:
        return f"{fault.state} ({type(error).__name__})"
    return f"{fault.state}: {fault.remedy} ({cause_of(error)})"


def report(error: BaseException) -> None:
    """Log an error of the database. A fault that an operator can fix is logged once a minute, not for each call."""
    fault = fault_of(error) or NO_ANSWER
    if not fault.remedy:
        log.warning("database is %s: %s", fault.state, cause_of(error))
    elif _reported.is_due(fault):
        log.error("database: %s (%s). Remedy: %s", fault.state, cause_of(error), fault.remedy)


def cause_of(error: BaseException) -> str:
    """Return the first line of the database's own message."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0]
