"""Notifications that could not be pushed: when each is tried again, and which becomes a dead letter."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Float, bindparam, case, cast, not_, or_, update

from core.db import unix_time
from core.models import Notification

_PAUSES_SECONDS = (10, 60, 300, 1800)  # after each failure except the last; a rolling release may take half an hour
_MOST_ATTEMPTS = len(_PAUSES_SECONDS) + 1
_LONGEST_REASON = 500  # characters


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a notification could not be pushed. `is_final`: another attempt can't help."""

    notification_id: int
    error: Exception
    is_final: bool = False

    @property
    def reason(self) -> str:
        """The error in one line that any database takes and any terminal shows."""
        text = f"{type(self.error).__name__}: {self.error}"[:_LONGEST_REASON]
        return "".join(char if char.isprintable() else " " for char in text)


def count(connection: Connection, failed: Sequence[Failure], withdrawals: Collection[int], now: int) -> None:
    """Count an attempt of each that failed. `withdrawals` are the ids that were claimed as withdrawals."""
    connection.execute(_count_failure(now), [_parameters(failure, withdrawals) for failure in failed])


def _count_failure(now: int) -> Any:
    table = Notification
    is_last = or_(bindparam("is_final"), table.attempts >= _MOST_ATTEMPTS - 1)
    pause = case(dict(enumerate(_PAUSES_SECONDS)), value=table.attempts, else_=_PAUSES_SECONDS[0])
    counted = {
        "attempts": case((table.attempts < _MOST_ATTEMPTS, table.attempts + 1), else_=table.attempts),
        "dead_lettered_at": case((is_last, now)),
        "retry_at": case((not_(is_last), unix_time() + cast(pause * bindparam("jitter", type_=Float), BigInteger))),
        "failure_reason": bindparam("reason"),
    }
    is_as_claimed = or_(table.withdrawn_at.is_(None), bindparam("is_withdrawal"))
    return update(table).where(table.id == bindparam("failed"), is_as_claimed).values(counted)


def _parameters(failure: Failure, withdrawals: Collection[int]) -> dict[str, object]:
    return {
        "failed": failure.notification_id,
        "reason": failure.reason,
        "is_final": failure.is_final,
        "is_withdrawal": failure.notification_id in withdrawals,
        "jitter": random.uniform(1, 1.5),  # noqa: S311
    }
