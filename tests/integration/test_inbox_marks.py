"""Two devices mark the same notifications at once."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import insert

from core import inbox_counts, inbox_marks
from core.db import Database
from core.inbox_filters import EVERYTHING
from core.inbox_marks import Change
from core.models import Notification
from core.unread import Counts

ANN = "ann"
ROWS = 2000
ROUNDS = 5
CHANGES = [Change(seen=True), Change(read=True, archived=True), Change(seen=False, archived=False), Change(read=True)]


def make_rows(database: Database) -> list[int]:
    row = {"recipient_id": ANN, "event": "following notify"}
    with database.transaction() as connection:
        # Not in the order of their ids, so that a scan of the table meets them in another order.
        rows = [{**row, "id": 1000 + (place * 7) % ROWS} for place in range(ROWS)]
        connection.execute(insert(Notification), rows)
    return [row["id"] for row in rows]


def test_devices_that_mark_at_once_cause_no_deadlock(database: Database) -> None:
    ids = make_rows(database)

    def by_id(change: Change) -> None:
        for round_ in range(ROUNDS):
            with database.transaction() as connection:
                inbox_marks.mark(connection, ANN, ids[round_::2], change)

    def by_filter(change: Change) -> None:
        for _ in range(ROUNDS):
            with database.transaction() as connection:
                inbox_marks.mark_batch(connection, ANN, EVERYTHING, change, limit=ROWS)

    with ThreadPoolExecutor(4) as pool:
        marked = [pool.submit(act, change) for act in (by_id, by_filter) for change in CHANGES]
        for one in marked:
            one.result(timeout=60)

    with database.transaction() as connection:
        inbox_marks.mark(connection, ANN, ids, Change(seen=False, archived=False))
        assert inbox_counts.count(connection, ANN) == Counts(1000, 1000)
