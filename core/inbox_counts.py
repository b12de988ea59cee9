"""How many notifications a user has in each state. A count is exact up to 999; 1000 means "1,000 or more"."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import ARRAY, Connection, String, bindparam, func, literal_column, select

from core import declarations
from core.inbox_filters import (
    ALL,
    ARCHIVED,
    EVERYTHING,
    IN_STATE,
    IS_UNREAD,
    IS_UNSEEN,
    UNREAD,
    Conditions,
    Filter,
    is_one_of,
)
from core.models import Notification
from core.unread import MOST, Counts

_table = Notification
_UNSEEN = "unseen"
_COUNTED = {ALL: IN_STATE[ALL], UNREAD: IS_UNREAD, _UNSEEN: IS_UNSEEN, ARCHIVED: IN_STATE[ARCHIVED]}


def count(connection: Connection, user_id: str) -> Counts:
    """Count a user's notifications."""
    return count_many(connection, [user_id])[user_id]


def count_many(connection: Connection, user_ids: Sequence[str]) -> dict[str, Counts]:
    """Count the notifications of each of these users."""
    is_sqlite = connection.dialect.name == "sqlite"
    statement = _of_many(declarations.known_names(), is_sqlite=is_sqlite)
    users = orjson.dumps(list(user_ids)).decode() if is_sqlite else list(user_ids)
    return {user_id: Counts(*counts) for user_id, *counts in connection.execute(statement, {"users": users})}


def count_states(connection: Connection, user_id: str, filter: Filter = EVERYTHING) -> dict[str, int]:
    """Count what a user has in each state, in a filter's category; raise UnknownCategory."""
    counts = connection.execute(_of_states(filter.names()), {"user": user_id}).one()
    return dict(zip(_COUNTED, counts, strict=True))


@lru_cache(maxsize=256)  # it takes longer to build the statement than to run it
def _of_many(names: frozenset[str], *, is_sqlite: bool) -> Any:
    if is_sqlite:
        users = func.json_each(bindparam("users", type_=String)).table_valued("value")
    else:
        users = func.unnest(bindparam("users", type_=ARRAY(String()))).table_valued("value").render_derived()
    user_id = users.c.value
    return select(user_id, *(_count(user_id, names, conditions, users) for conditions in (IS_UNREAD, IS_UNSEEN)))


@lru_cache(maxsize=256)
def _of_states(names: frozenset[str]) -> Any:
    user_id = bindparam("user", type_=String)
    return select(*(_count(user_id, names, conditions) for conditions in _COUNTED.values()))


def _count(user_id: Any, names: frozenset[str], conditions: Conditions, *outer: Any) -> Any:
    """Count in a subquery that reads at most MOST rows. It takes the user's id from `outer`."""
    its = (_table.recipient_id == user_id, is_one_of(names), *conditions)
    some = select(literal_column("1")).select_from(_table).where(*its).limit(MOST).correlate(*outer).subquery()
    return select(func.count()).select_from(some).correlate(*outer).scalar_subquery()
