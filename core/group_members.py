"""How many notifications a group has, and who did it."""

import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Text, cast, func, literal_column, null, select
from sqlalchemy.exc import DBAPIError

from core import database_faults, user_ids, value_lists
from core.db import Database
from core.group_texts import MOST
from core.inbox_filters import IS_LISTED, IS_UNREAD, Conditions
from core.models import Notification
from core.profiles import Profile

log = logging.getLogger(__name__)

SHOWN_ACTORS = 3
_MOST_READ = 2_000  # the newest members of one group, in which its people are counted
_PART = 10  # groups of one statement
_MOST_SLOW = 2  # statements that take too long, before the rest is left for later
_MOST_SECONDS = 5  # for all parts; the transaction of a claim waits meanwhile, and its server ends it after 20

_table = Notification
KEY_COLUMNS = (_table.group_key, _table.group_id)

Key = tuple[str, str, str]  # the recipient, the event's name, and the filled text
GIVEN_KEY: value_lists.Columns = (("recipient_id", str), ("event", str), ("group_key", str))
GIVEN = (*GIVEN_KEY, ("group_id", int))


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, and the newest notification of what this person did."""

    id: str
    newest: int


@dataclass(frozen=True, slots=True)
class Members:
    """The counts are exact up to 999; 1000 means 1,000 or more. `actors` are different people, newest first.

    `newest_unread` is None where it was not asked for.
    """

    count: int = 0
    newest: int | None = None
    actor_count: int = 0
    actors: Sequence[Actor] = ()
    newest_unread: int | None = None


def read_many(database: Database, ids: Mapping[Key, int], *, with_unread: bool = False) -> dict[Key, Members]:
    """Return what is marked as a member of each group and listed in the inbox, with all actors that are counted.

    They are read in parts. A part that takes too long is missing in the answer: the others do not wait for it. After
    some seconds the rest is missing too.
    """
    given = [(*key, id_) for key, id_ in ids.items()]
    random.shuffle(given)  # so that no group is always in the part of a slow one
    found: dict[Key, Members] = {}
    slow = 0
    until = time.monotonic() + _MOST_SECONDS
    for begin in range(0, len(given), _PART):
        if slow == _MOST_SLOW or (begin and time.monotonic() >= until):
            log.warning("the members of %d groups are left for later: reading takes too long", len(given) - begin)
            break
        part = given[begin : begin + _PART]
        try:
            found |= _read(database, part, with_unread=with_unread)
        except DBAPIError as error:
            if not database_faults.is_slow(error):
                raise
            log.warning("the members of %d groups can't be read now: %s", len(part), database_faults.cause_of(error))
            slow += 1
    return found


def _read(database: Database, given: Sequence[tuple[str, str, str, int]], *, with_unread: bool) -> dict[Key, Members]:
    with database.reading() as connection:  # of its own, since an error ends a transaction
        statement = _of_many(connection.dialect.name, with_unread)
        rows = connection.execute(statement, value_lists.parameters(connection, GIVEN, given)).all()
    return {(row.recipient_id, row.event, row.group_key): read(row, row.newest_unread) for row in rows}


@cache
def _of_many(dialect: str, with_unread: bool) -> Any:
    given = value_lists.table_of(dialect, GIVEN)
    listed = columns(given, IS_LISTED, dialect=dialect, actors=MOST)
    unread = of_newest(_table.id, given, IS_UNREAD) if with_unread else null()
    return select(*(given.c[name] for name, _ in GIVEN_KEY), *listed, unread.label("newest_unread"))


def columns(outer: Any, conditions: Conditions, *, dialect: str, actors: int = SHOWN_ACTORS) -> tuple[Any, ...]:
    """Return the columns that `read` takes, of the members for which the conditions hold.

    `outer` is a table of the statement with the columns recipient_id, group_key and group_id. At most so many `actors`
    are read.
    """
    its = _members_of(outer, conditions)
    some = select(literal_column("1")).select_from(_table).where(*its).limit(MOST).correlate(outer).subquery()
    count = select(func.count()).select_from(some).correlate(outer).scalar_subquery()
    newest = of_newest(_table.id, outer, conditions)
    members = select(_table.actor_id, _table.id).where(*its).order_by(_table.id.desc()).limit(_MOST_READ)
    read = members.correlate(outer).subquery()
    by_actor = select(read.c.actor_id, func.max(read.c.id).label("newest"), func.count().over().label("total"))
    people = by_actor.where(read.c.actor_id.is_not(None)).group_by(read.c.actor_id).correlate(outer)
    chosen = people.order_by(literal_column("newest").desc()).limit(actors).subquery()
    to_array, to_list = (
        (func.json_array, func.json_group_array) if dialect == "sqlite" else (func.json_build_array, func.json_agg)
    )
    listed = to_list(to_array(chosen.c.actor_id, chosen.c.newest, chosen.c.total))
    told = select(cast(listed, Text)).select_from(chosen).correlate(outer).scalar_subquery()
    return count.label("member_count"), newest.label("newest_member"), told.label("people")


def of_newest(column: Any, outer: Any, conditions: Conditions) -> Any:
    """Return a column of the newest member for which the conditions hold, null without one. `outer` as in `columns`."""
    members = select(column).where(*_members_of(outer, conditions))
    return members.order_by(_table.id.desc()).limit(1).correlate(outer).scalar_subquery()


def _members_of(outer: Any, conditions: Conditions) -> Conditions:
    return (
        _table.recipient_id == outer.c.recipient_id,
        _table.group_key == outer.c.group_key,
        _table.group_id == outer.c.group_id,
        *conditions,
    )


def read(row: Any, newest_unread: int | None = None) -> Members:
    """Return what a row with these columns says."""
    people = sorted(orjson.loads(row.people or "[]"), key=lambda one: -one[1])
    total = min(people[0][2], MOST) if people else 0
    actors = [Actor(id_, newest) for id_, newest, _ in people]
    return Members(row.member_count, row.newest_member, total, actors, newest_unread)


def of_one(row: Any) -> Members:
    """Return what a notification alone is, as a group."""
    if not user_ids.is_valid(row.actor_id):
        return Members(1, row.id)
    return Members(1, row.id, 1, (Actor(row.actor_id, row.id),))


def join(members: Members, others: Members) -> Members:
    """Return both together. Each has all of its actors, or so many that more would not be counted."""
    newest_of = {actor.id: actor.newest for actor in members.actors}
    for actor in others.actors:
        newest_of[actor.id] = max(actor.newest, newest_of.get(actor.id, actor.newest))
    actors = [Actor(*one) for one in sorted(newest_of.items(), key=lambda one: -one[1])]
    actor_count = max(members.actor_count, others.actor_count, len(actors))
    newest = max((found.newest for found in (members, others) if found.newest is not None), default=None)
    return Members(min(members.count + others.count, MOST), newest, min(actor_count, MOST), actors)


def shown(members: Members, profiles: Any, default_photo: str) -> list[dict[str, object]]:
    """Return the newest people as clients get them. `profiles` has those of `shown_ids`, as far as there are any."""
    return [_person(id_, profiles.get(id_), default_photo) for id_ in shown_ids(members)]


def shown_ids(members: Members) -> list[str]:
    """Return the people whose profiles `shown` needs."""
    return list(islice((actor.id for actor in members.actors if user_ids.is_valid(actor.id)), SHOWN_ACTORS))


def _person(user_id: str, profile: Profile | None, default_photo: str) -> dict[str, object]:
    name, photo = (profile["name"], profile["photo"]) if profile else ("", None)
    return {"id": user_ids.as_json(user_id), "name": name, "photo": photo or default_photo}
