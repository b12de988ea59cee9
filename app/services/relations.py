"""Facts about relations, as SQL expressions for other modules' statements; and who knows whom, for the engine."""

import time
from collections.abc import Collection, Sequence
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, Connection, and_, cast, exists, func, literal, select
from sqlalchemy.orm import aliased

from app.models import FOLLOWING, Relation, User
from core.db import list_of
from core.user_ids import as_json, as_text

_COLUMNS = ("user_id", "target_id")
_NEW_SECONDS = 24 * 3600  # an account that is younger than this is a stranger's


def is_following(follower: Any, target: Any) -> Any:
    relation = aliased(Relation)
    return exists().where(relation.user_id == follower, relation.target_id == target, relation.status == FOLLOWING)


def fans_count(user_id: Any) -> Any:
    relation = aliased(Relation)
    fans = select(func.count()).select_from(relation)
    return fans.where(relation.target_id == user_id, relation.status == FOLLOWING).scalar_subquery()


def load_known(connection: Connection, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of these pairs, of a recipient and an actor, in which the recipient knows the actor.

    People know whom they follow, if that account is a day old at least.
    """
    numbers = [(as_json(recipient), as_json(actor)) for recipient, actor in pairs]
    accounts = [(one, other) for one, other in numbers if isinstance(one, int) and isinstance(other, int)]
    asked = _table_of(connection, accounts)
    found = (
        select(Relation.user_id, Relation.target_id)
        .join(User, User.id == Relation.target_id)
        .join(asked, and_(asked.c.user_id == Relation.user_id, asked.c.target_id == Relation.target_id))
        .where(Relation.status == FOLLOWING, User.created_at <= int(time.time()) - _NEW_SECONDS)
    )
    return {(as_text(row.user_id), as_text(row.target_id)) for row in connection.execute(found)}


def _table_of(connection: Connection, pairs: Sequence[tuple[int, int]]) -> Any:
    """Return pairs as a table, from parameters of which there are as many for any number of pairs."""
    if connection.dialect.name == "sqlite":
        each = func.json_each(literal(orjson.dumps(pairs).decode())).table_valued("value")
        parts = (func.json_extract(each.c.value, f"$[{place}]") for place in (0, 1))
        return select(*(part.label(name) for part, name in zip(parts, _COLUMNS, strict=True))).subquery()
    columns = ([pair[place] for pair in pairs] for place in (0, 1))
    arrays = (cast(literal(list_of(connection, ids)), ARRAY(BigInteger)) for ids in columns)
    return func.unnest(*arrays).table_valued(*_COLUMNS).render_derived()
