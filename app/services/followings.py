"""Who follows whom."""

import time
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from app import events
from app.models import ACTIVE, FOLLOWING, NOT_FOLLOWING, Notification, Relation, User
from app.services import inbox, relations
from app.services.accounts import UnknownCaller, UnknownUser


class CannotFollowSelf(Exception):
    """A user can't follow themselves."""


def follow(connection: Connection, *, follower_id: int, target_id: int) -> bool:
    """Make follower follow target; say whether target is to be told.

    Raise CannotFollowSelf, UnknownUser or UnknownCaller. Following again changes nothing; following anew after an
    unfollow tells nobody while the target has not yet read of the first time.
    """
    if follower_id == target_id:
        raise CannotFollowSelf
    steps = _follow_in_steps if connection.dialect.name == "sqlite" else _follow_in_one
    try:
        return steps(connection, {"follower": follower_id, "target": target_id, "now": int(time.time())})
    except IntegrityError:  # the follower's foreign key: the target was seen in the same statement or transaction
        raise UnknownCaller from None


def unfollow(connection: Connection, *, follower_id: int, target_id: int) -> None:
    """End a following; where there is none, change nothing."""
    relation = and_(Relation.user_id == follower_id, Relation.target_id == target_id, Relation.status == FOLLOWING)
    connection.execute(update(Relation).where(relation).values(status=NOT_FOLLOWING, updated_at=int(time.time())))


def is_following(connection: Connection, *, follower_id: int, target_id: int) -> bool:
    """Say whether follower follows target."""
    return bool(connection.execute(select(relations.is_following(follower_id, target_id))).scalar_one())


def fans_count(connection: Connection, user_id: int) -> int:
    """Count a user's followers."""
    return int(connection.execute(select(relations.fans_count(literal(user_id)))).scalar_one())


def page_of_followings(
    connection: Connection, user_id: int, *, page: int, per_page: int
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many users this one follows, and one page of them, newest first."""
    mine = and_(Relation.user_id == user_id, Relation.status == FOLLOWING)
    return _page(connection, user_id, mine, Relation.target_id, page=page, per_page=per_page)


def page_of_followers(
    connection: Connection, user_id: int, *, page: int, per_page: int
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many users follow this one, and one page of them, newest first."""
    mine = and_(Relation.target_id == user_id, Relation.status == FOLLOWING)
    return _page(connection, user_id, mine, Relation.user_id, page=page, per_page=per_page)


def _follow_in_one(connection: Connection, values: dict[str, int]) -> bool:
    """Check, turn the relation on and tell, in a single statement: one round trip, one commit."""
    answer = connection.execute(_in_one(), values).one()
    if not answer.is_known:
        raise UnknownUser(values["target"])
    return bool(answer.is_told)


def _follow_in_steps(connection: Connection, values: dict[str, int]) -> bool:
    """Do the same in steps: SQLite has no changes inside a query, and no round trips to save."""
    known, turned_on, has_unread = _in_steps()
    if connection.execute(known, values).one_or_none() is None:
        raise UnknownUser(values["target"])
    if connection.execute(turned_on, values).one_or_none() is None:
        return False
    if connection.execute(has_unread, values).scalar_one():
        return False
    inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=values["target"], actor_id=values["follower"])
    return True


# Building a statement takes longer than running it, so each is built once, with these for what changes.
_FOLLOWER, _TARGET, _NOW = (bindparam(name, type_=BigInteger) for name in ("follower", "target", "now"))


@cache
def _in_one() -> Any:
    target = select(User.id).where(User.id == _TARGET, User.status == ACTIVE).cte("known")
    turned_on = _turn_on(postgresql.insert(Relation), select(target.c.id)).returning(Relation.target_id).cte("relation")
    row = select(turned_on.c.target_id, _FOLLOWER, literal(events.FOLLOWING_NOTIFY), _NOW)
    told = (
        insert(Notification)
        .from_select(
            ["recipient_id", "actor_id", "event", "created_at"], row.where(~_has_unread(turned_on.c.target_id))
        )
        .returning(Notification.id)
        .cte("told")
    )
    return select(
        exists(select(target.c.id)).label("is_known"),
        exists(select(told.c.id)).label("is_told"),
    )


@cache
def _in_steps() -> tuple[Any, Any, Any]:
    known = select(User.id).where(User.id == _TARGET, User.status == ACTIVE)
    turned_on = _turn_on(sqlite.insert(Relation), known).returning(Relation.target_id)
    return known, turned_on, select(_has_unread(_TARGET))


def _turn_on(new: Any, target: Select[Any]) -> Any:
    column = target.selected_columns[0]
    row = target.with_only_columns(_FOLLOWER, column, literal(FOLLOWING), _NOW, _NOW).where(
        column.is_not(None)
    )  # SQLite needs a WHERE here to tell the upsert's ON from that of a join
    insertion = new.from_select(["user_id", "target_id", "status", "created_at", "updated_at"], row)
    return insertion.on_conflict_do_update(
        index_elements=["user_id", "target_id"],
        set_={"status": FOLLOWING, "updated_at": _NOW},
        where=Relation.status != FOLLOWING,
    )


def _has_unread(target_id: Any) -> Any:
    return exists().where(
        Notification.recipient_id == target_id,
        Notification.actor_id == _FOLLOWER,
        Notification.event == events.FOLLOWING_NOTIFY,
        Notification.read_at.is_(None),
    )


def _page(
    connection: Connection, user_id: int, mine: Any, other_id: Any, *, page: int, per_page: int
) -> tuple[int, list[dict[str, Any]]]:
    total = connection.execute(select(func.count()).select_from(Relation).where(mine)).scalar_one()
    # What is asked is one direction; the pair is mutual when the other direction holds as well.
    pair = (other_id, user_id) if other_id is Relation.target_id else (user_id, other_id)
    back = relations.is_following(*pair).label("mutual_follow")
    rows = connection.execute(
        select(User.id, User.name, User.photo, relations.fans_count(User.id).label("fans_count"), back)
        .join(Relation, other_id == User.id)
        .where(mine)
        .order_by(Relation.updated_at.desc(), Relation.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return total, [dict(row._mapping) for row in rows]
