"""Facts about relations, as SQL expressions for other modules' statements; and who knows whom, for the engine."""

import re
import time
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, Connection, String, and_, bindparam, cast, exists, func, select
from sqlalchemy.orm import aliased

from app.models import FOLLOWING, Relation, User
from core.db import list_of

_NEW_SECONDS = 24 * 3600  # an account that is younger than this is a stranger's
_is_number = re.compile("[1-9][0-9]{0,15}").fullmatch


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
    # The ids of users are numbers. Nobody has another one.
    asked = [pair for pair in pairs if _is_number(pair[0]) and _is_number(pair[1])]
    until = int(time.time()) - _NEW_SECONDS
    known = connection.execute(_known(connection.dialect.name), {**_lists(connection, asked), "until": until})
    return {asked[place] for place in known.scalars()}


@cache  # it takes longer to build the statement than to run it
def _known(dialect: str) -> Any:
    """Select the places of the pairs of `_lists` in which the recipient knows the actor."""
    asked = _asked_on_sqlite() if dialect == "sqlite" else _asked()
    is_asked = and_(asked.c.recipient == Relation.user_id, asked.c.actor == Relation.target_id)
    known = select(asked.c.place).join(Relation, is_asked).join(User, User.id == Relation.target_id)
    return known.where(Relation.status == FOLLOWING, User.created_at <= bindparam("until", type_=BigInteger))


def _asked() -> Any:
    arrays = (cast(bindparam(name, type_=String), ARRAY(BigInteger)) for name in ("recipients", "actors"))
    pairs = func.unnest(*arrays).table_valued("recipient", "actor", with_ordinality="number").render_derived()
    return select(pairs.c.recipient, pairs.c.actor, (pairs.c.number - 1).label("place")).subquery()


def _asked_on_sqlite() -> Any:
    pairs = func.json_each(bindparam("pairs", type_=String)).table_valued("key", "value")
    recipient, actor = (func.json_extract(pairs.c.value, f"$[{place}]") for place in (0, 1))
    return select(recipient.label("recipient"), actor.label("actor"), pairs.c.key.label("place")).subquery()


def _lists(connection: Connection, pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the parameters that name these pairs. There are as many of them for any number of pairs."""
    if connection.dialect.name == "sqlite":
        return {"pairs": orjson.dumps([[int(one) for one in pair] for pair in pairs]).decode()}
    recipients, actors = ([pair[place] for pair in pairs] for place in (0, 1))
    return {"recipients": list_of(connection, recipients), "actors": list_of(connection, actors)}
