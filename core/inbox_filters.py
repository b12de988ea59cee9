"""Which notifications an inbox shows, and in which state they are: each condition is defined here and nowhere else."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, bindparam, false, or_, select, union_all
from sqlalchemy.sql.util import ClauseAdapter

from core import declarations
from core.models import FILTERED, Notification

ALL, UNREAD, ARCHIVED = STATES = ("all", "unread", "archived")

_table = Notification
IS_SHOWN = (_table.withdrawn_at.is_(None), _table.not_sent.is_(None))
IS_LISTED = (*IS_SHOWN, _table.archived_at.is_(None))
IS_UNREAD = (*IS_LISTED, _table.read_at.is_(None))
IS_UNSEEN = (*IS_UNREAD, _table.seen_at.is_(None))
# What is among the requests of strangers has not been seen either.
_IS_NEW = (
    _table.withdrawn_at.is_(None),
    _table.archived_at.is_(None),
    _table.read_at.is_(None),
    _table.seen_at.is_(None),
)
MAY_BE_TAKEN_BACK = (*_IS_NEW, or_(_table.not_sent.is_(None), _table.not_sent == FILTERED))
IS_ARCHIVED = (*IS_SHOWN, _table.archived_at.is_not(None))
IN_STATE = {ALL: IS_LISTED, UNREAD: IS_UNREAD, ARCHIVED: IS_ARCHIVED}

_LARGEST = 2**63 - 1
_RECIPIENT = bindparam("recipient", type_=String)
_BEFORE = bindparam("before", type_=BigInteger)
_LIMIT = bindparam("limit", type_=BigInteger)
_IS_IN_GROUP = _table.group_key == bindparam("group", type_=String)
_member = _table.__table__.alias("member")

Conditions = tuple[ColumnElement[bool], ...]


class UnknownCategory(Exception):
    """No declared event has this category."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A part of an inbox: what is in a state, of one category or of all, and has no id above `up_to`.

    `group` is the text that what is in one group has in common, as rows have it.
    """

    state: str = ALL
    category: str | None = None
    group: str | None = None
    up_to: int | None = None

    def names(self) -> frozenset[str]:
        """Return the names of its events, as rows have them; raise UnknownCategory.

        Only events that this version knows are listed, counted and marked. A newer version has others.
        """
        if self.category is None:
            return declarations.known_names()
        names = declarations.names_of_category(self.category)
        if not names:
            raise UnknownCategory(self.category)
        return names

    @property
    def of_group(self) -> Conditions:
        """The condition for the group. Its parameter is `group`."""
        return () if self.group is None else (_IS_IN_GROUP,)


EVERYTHING = Filter()


def newest_ids(filter: Filter, *more: ColumnElement[bool], is_collapsed: bool = False) -> Any:
    """Select the newest ids of a filter. `arguments` gives the parameters. `more` are conditions beside the state.

    Collapsed, only the newest one of each group is selected.
    """
    conditions = (*IN_STATE[filter.state], *filter.of_group, *more)
    return _newest_ids(filter.names(), conditions, is_collapsed)


def arguments(user_id: str, filter: Filter, *, limit: int, before: int | None = None) -> dict[str, Any]:
    """Return the parameters of `newest_ids`, for ids below `before`."""
    bounds = {"limit": limit, "before": _LARGEST if before is None else before}
    return {"recipient": user_id, "group": filter.group, **bounds}


def is_one_of(names: Iterable[str]) -> ColumnElement[bool]:
    """Select the events of these names."""
    return _table.event.in_(sorted(names))


@lru_cache(maxsize=256)  # it takes longer to build the statement than to run it
def _newest_ids(names: frozenset[str], conditions: Conditions, is_collapsed: bool) -> Any:
    # Each state has an index with the ids of one event in order. So this reads a page of each event from it, however
    # many rows the user has, and merges the pages.
    of_one = (*conditions, _is_newest(conditions)) if is_collapsed else conditions
    pages = [_newest_of(name, of_one) for name in sorted(names)]
    if not pages:
        return select(_table.id).where(false())
    merged = union_all(*(select(page.c.id) for page in pages)).subquery()
    return select(merged.c.id).order_by(merged.c.id.desc()).limit(_LIMIT)


def _newest_of(name: str, conditions: Conditions) -> Any:
    its = (_table.recipient_id == _RECIPIENT, _table.event == name, _table.id < _BEFORE)
    return select(_table.id).where(*its, *conditions).order_by(_table.id.desc()).limit(_LIMIT).subquery()


def _is_newest(conditions: Conditions) -> ColumnElement[bool]:
    """Select what is the newest of its group for which the conditions hold."""
    same = (_member.c[name] == getattr(_table, name) for name in ("recipient_id", "group_key", "group_id"))
    to_member = ClauseAdapter(_member)
    members = select(_member.c.id).where(*same, *map(to_member.traverse, conditions)).correlate(_table)
    # PostgreSQL reads one row of the index for this. For NOT EXISTS it may read the whole group for each member.
    newest = members.order_by(_member.c.group_id.desc(), _member.c.id.desc()).limit(1).scalar_subquery()
    return or_(_table.group_key.is_(None), _table.id == newest)
