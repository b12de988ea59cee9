"""How many notifications a user has in each state. A count is exact up to 999; 1000 means "1,000 or more"."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, String, bindparam, cast, func, literal_column, select

from core import declarations
from core.db import list_of
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


def count_many(connection: Connection, user_ids: Sequence[str], *, without: Sequence[int] = ()) -> dict[str, Counts]:
    """Count the notifications of each of these users, but not those with the ids `without`."""
    is_sqlite = connection.dialect.name == "sqlite"
    statement = _of_many(declarations.known_names(), is_sqlite=is_sqlite, is_whole=not without)
    values = {"users": list_of(connection, user_ids)}
    if without:
        values["without"] = list_of(connection, without)
    return {user_id: Counts(*counts) for user_id, *counts in connection.execute(statement, values)}


def count_states(connection: Connection, user_id: str, filter: Filter = EVERYTHING) -> dict[str, int]:
    """Count what a user has in each state, of a filter's category and group; raise UnknownCategory."""
    statement = _of_states(filter.names(), filter.of_group)
    counts = connection.execute(statement, {"user": user_id, "group": filter.group}).one()
    return dict(zip(_COUNTED, counts, strict=True))


@lru_cache(maxsize=256)  # it takes longer to build the statement than to run it
def _of_many(names: frozenset[str], *, is_sqlite: bool, is_whole: bool) -> Any:
    users = _list("users", String(), is_sqlite=is_sqlite)
    user_id = users.c.value
    left_out = select(_list("without", BigInteger(), is_sqlite=is_sqlite).c.value)
    is_counted: Conditions = () if is_whole else (_table.id.not_in(left_out),)
    counted = ((*conditions, *is_counted) for conditions in (IS_UNREAD, IS_UNSEEN))
    return select(user_id, *(_count(user_id, names, conditions, users) for conditions in counted))


def _list(name: str, kind: Any, *, is_sqlite: bool) -> Any:
    """Return a table with the column `value`, from one parameter for any number of values."""
    listed = bindparam(name, type_=String)
    if is_sqlite:
        return func.json_each(listed).table_valued("value")
    return func.unnest(cast(listed, ARRAY(kind))).table_valued("value").render_derived()


@lru_cache(maxsize=256)
def _of_states(names: frozenset[str], of_group: Conditions) -> Any:
    user_id = bindparam("user", type_=String)
    return select(*(_count(user_id, names, (*conditions, *of_group)) for conditions in _COUNTED.values()))


def _count(user_id: Any, names: frozenset[str], conditions: Conditions, *outer: Any) -> Any:
    """Count in a subquery that reads at most MOST rows. It takes the user's id from `outer`."""
    its = (_table.recipient_id == user_id, is_one_of(names), *conditions)
    some = select(literal_column("1")).select_from(_table).where(*its).limit(MOST).correlate(*outer).subquery()
    return select(func.count()).select_from(some).correlate(*outer).scalar_subquery()
