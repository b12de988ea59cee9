"""Prints what it costs a worker to keep to what users chose, in microseconds of CPU a notification, by metric, as JSON.

It runs with the settings of a worker, on an empty database.
"""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, insert

from app.services import accounts
from core import events, outbox
from core.models import Notification, Preference
from tasks.notifications import BATCH
from tasks.preferences import read_checks
from tasks.resources import resources

_RECIPIENTS = 6 * BATCH  # more than there are documents that a worker remembers
_ROUNDS = 20
_QUIET = {"from": "22:00", "to": "07:30", "zone": "Asia/Shanghai"}


def main() -> None:
    to = resources()
    with to.database.transaction() as connection:
        users = [
            accounts.sign_up(connection, name=f"user {i}", password_hash="nobody logs in")["id"]
            for i in range(1 + _RECIPIENTS)
        ]
        actor, *recipients = (str(user_id) for user_id in users)
        common = {"actor_id": actor, "event": "following notify"}
        connection.execute(insert(Notification), [{"recipient_id": user_id, **common} for user_id in recipients])
    chosen: dict[str, Callable[[str], object] | None] = {
        "preferences_none_us": None,
        "preferences_us": lambda _: {"categories": {"articles": {"toast": False}}, "quiet_hours": _QUIET},
        "preferences_own_us": lambda user_id: {"muted": [f"0{user_id}"], "quiet_hours": _QUIET},
        "preferences_strangers_us": lambda _: {"strangers": "filter"},
    }
    measured = {}
    for metric, document_of in chosen.items():
        with to.database.transaction() as connection:
            connection.execute(delete(Preference))
            if document_of:
                documents = [
                    {"user_id": user_id, "document": json.dumps(document_of(user_id)), "updated_at": 1}
                    for user_id in recipients
                ]
                connection.execute(insert(Preference), documents)
        measured[metric] = _measure(to)
    print(json.dumps(measured))


def _measure(to: Any) -> float:
    """Return the median of the rounds."""
    declaration = events.find("following notify").declaration
    with outbox.claim(to.database, limit=_RECIPIENTS) as batch:
        rounds = []
        for _ in range(_ROUNDS):
            started = time.process_time()
            for start in range(0, _RECIPIENTS, BATCH):
                rows = batch.rows[start : start + BATCH]
                checks = read_checks(to, rows)
                for row in rows:
                    checks.decide(row, declaration)
            rounds.append(1e6 * (time.process_time() - started) / _RECIPIENTS)
    return statistics.median(rounds)


if __name__ == "__main__":
    main()
