"""Selecting rows by a list of ids, on each database."""

from sqlalchemy import select

from core.db import Database, among
from core.models import Notification
from tests.rows import write_notification

ODD_IDS = ["NULL", "a,b", "{}", '"', "\\", '\\"', " spaces ", "Zoë 😀", "'; --", "%s"]


def test_each_text_selects_its_own_row_only(database: Database) -> None:
    with database.transaction() as connection:
        ids = {id_: write_notification(connection, id_, None) for id_ in ODD_IDS}

        for id_ in ODD_IDS:
            found = select(Notification.id).where(among(connection, Notification.recipient_id, [id_]))
            assert connection.execute(found).scalars().all() == [ids[id_]]


def test_a_list_selects_all_its_rows(database: Database) -> None:
    with database.transaction() as connection:
        ids = [write_notification(connection, id_, None) for id_ in ODD_IDS]

        for chosen in (among(connection, Notification.id, ids), among(connection, Notification.recipient_id, ODD_IDS)):
            found = connection.execute(select(Notification.id).where(chosen)).scalars()
            assert sorted(found) == sorted(ids)


def test_an_empty_list_selects_nothing(database: Database) -> None:
    with database.transaction() as connection:
        write_notification(connection, "somebody", None)

        nothing = select(Notification.id).where(among(connection, Notification.id, []))
        assert connection.execute(nothing).scalars().all() == []
