"""Tokens that are valid no more. The database is the truth; Redis has a copy for all processes.

A revocation names either all tokens of a user that were issued until some second, but for one family, or the tokens of
one family. It is kept for a day longer than the longest token lives, and is deleted afterwards.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from core import models, push_subscriptions
from core.db import among, unix_time
from core.revoked_tokens import KEPT_SECONDS, Revocation

WAITING_AT_ONCE = 1000

_table = models.Revocation
_columns = (_table.user_id, _table.created_at, _table.issued_until, _table.family, _table.spared_family)


def revoke_user(
    connection: Connection, user_id: str, *, newest: float = 0, spared_family: str | None = None
) -> Revocation:
    """Revoke all tokens of a user that were issued so far, but for one family. Their devices get no Web Push any more.

    `newest` is the issue time of a token that the caller has shown: the clock of its signer may be ahead of ours.
    """
    push_subscriptions.end_logins(connection, user_id, spared_family=spared_family)
    until = max(int(time.time()), int(newest), connection.scalar(select(unix_time())) or 0)
    return _add(connection, user_id=user_id, issued_until=until, spared_family=spared_family)


def revoke_family(connection: Connection, user_id: str, family: str) -> Revocation:
    """Revoke the tokens that come from one login. Its devices get no Web Push any more."""
    push_subscriptions.end_logins(connection, user_id, family=family)
    return _add(connection, user_id=user_id, family=family)


def of_user(connection: Connection, user_id: str) -> list[Revocation]:
    """Return what is revoked of one user."""
    return [_revocation(row) for row in connection.execute(_select().where(_table.user_id == user_id))]


def live(
    connection: Connection, *, after_id: int = 0, newest_seconds: int | None = None, limit: int = 10_000
) -> tuple[list[Revocation], int]:
    """Return revocations that still count, in order of id, and the id after which the next call continues.

    With `newest_seconds` only those that are younger.
    """
    found = _select(newest_seconds).where(_table.id > after_id)
    rows = connection.execute(found.order_by(_table.id).limit(limit)).all()
    return [_revocation(row) for row in rows], rows[-1].id if rows else after_id


def waiting(connection: Connection) -> tuple[list[Revocation], list[int]]:
    """Return revocations that Redis has not got yet, the oldest WAITING_AT_ONCE, and their ids for `mark_published`."""
    found = _select().where(_table.published_at.is_(None))
    rows = connection.execute(found.order_by(_table.id).limit(WAITING_AT_ONCE)).all()
    return [_revocation(row) for row in rows], [row.id for row in rows]


def mark_published(connection: Connection, ids: Sequence[int]) -> None:
    connection.execute(update(_table).where(among(connection, _table.id, ids)).values(published_at=unix_time()))


def earliest_issue(revoked: Iterable[Revocation], now: int) -> int:
    """Return the time for a new token of a user, in Unix seconds: now, or later than what is revoked."""
    return max([now, *(each.issued_until + 1 for each in revoked if each.issued_until is not None)])


def delete_old(connection: Connection, *, limit: int) -> int:
    """Delete some of those that no valid token can have, `limit` at most; return how many."""
    old = select(_table.id).where(_table.created_at < unix_time() - KEPT_SECONDS).order_by(_table.created_at)
    return connection.execute(delete(_table).where(_table.id.in_(old.limit(limit)))).rowcount


def _add(connection: Connection, *, user_id: str, **what: int | str | None) -> Revocation:
    new = insert(_table).values(user_id=user_id, created_at=unix_time(), **what).returning(*_columns)
    return _revocation(connection.execute(new).one())


def _select(newest_seconds: int | None = None) -> Select[Any]:
    since = unix_time() - (KEPT_SECONDS if newest_seconds is None else newest_seconds)
    columns: tuple[Any, ...] = (_table.id, *_columns)
    return select(*columns).where(_table.created_at >= since)


def _revocation(row: Any) -> Revocation:
    return Revocation(**{column.key: getattr(row, column.key) for column in _columns})
