"""Facts about relations, as SQL expressions for other modules' statements."""

from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from app.models import FOLLOWING, Relation


def is_following(follower: Any, target: Any) -> Any:
    relation = aliased(Relation)
    return exists().where(relation.user_id == follower, relation.target_id == target, relation.status == FOLLOWING)


def fans_count(user_id: Any) -> Any:
    relation = aliased(Relation)
    fans = select(func.count()).select_from(relation)
    return fans.where(relation.target_id == user_id, relation.status == FOLLOWING).scalar_subquery()
