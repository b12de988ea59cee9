"""Web Push keeps to what its user chose."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from core import web_push_rules
from core.models import Preference

NOON = 1_782_993_600  # 12:00 in UTC


def row(**columns: Any) -> Any:
    ended = dict.fromkeys(("seen_at", "read_at", "archived_at", "withdrawn_at", "not_sent", "expires_at"))
    usual = {"user_id": "7", "recipient_id": "7", "event": "following notify", "dispatched_at": 1}
    return SimpleNamespace(**{**ended, **usual, "created_at": NOON, "now": NOON, **columns})


@pytest.mark.parametrize(
    ("document", "verdict"),
    [
        ("{}", web_push_rules.NOW),
        ('{"events": {"following notify": {"web_push": false}}}', web_push_rules.NEVER),
        ('{"categories": {"people": {"web_push": false}}}', web_push_rules.NEVER),
        ('{"quiet_hours": {"from": "12:00", "to": "13:00", "zone": "UTC"}}', 300),
        ('{"quiet_hours": {"from": "11:00", "to": "12:00", "zone": "UTC"}}', web_push_rules.NOW),
        ('{"quiet_hours": 5', web_push_rules.NOW),
    ],
)
def test_what_its_user_chose_decides(connection: Connection, document: str, verdict: int) -> None:
    connection.execute(insert(Preference).values(user_id="7", document=document, updated_at=1))

    decided = web_push_rules.decide(connection, [row(), row(user_id="8", recipient_id="8"), row(user_id=None)])

    assert decided == [verdict, web_push_rules.NOW, web_push_rules.NEVER]
