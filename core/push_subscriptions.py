"""The devices that agreed to Web Push: each user has a few, and each ends with the log-in that it comes from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.db import among, unix_time
from core.models import PushSubscription, WebPush

MOST_OF_USER = 20  # one more ends the one that was not renewed for longest
LONGEST_DEVICE = 400

_table = PushSubscription


@dataclass(frozen=True, slots=True)
class Device:
    """What a browser says of itself. `family` is that of the token with which it subscribes."""

    endpoint: str
    p256dh: str
    auth: str
    language: str
    device: str
    family: str

    @property
    def endpoint_hash(self) -> str:
        return hashlib.sha256(self.endpoint.encode()).hexdigest()


def save(connection: Connection, user_id: str, device: Device) -> Any:
    """Keep a subscription, or renew it, and return its row.

    A browser has one endpoint, whoever uses it. So one that another user had is a new subscription: what waits for the
    other user is not sent to it.
    """
    connection.execute(delete(_table).where(_table.endpoint_hash == device.endpoint_hash, _table.user_id != user_id))
    said = {"p256dh": device.p256dh, "auth": device.auth, "language": device.language, "device": device.device}
    kept = {"user_id": user_id, **said, "family": device.family, "renewed_at": unix_time(), "failures": 0}
    first = {"endpoint": device.endpoint, "endpoint_hash": device.endpoint_hash, "created_at": unix_time()}
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = dialect.insert(_table).values(**first, **kept)
    renewed = new.on_conflict_do_update(index_elements=["endpoint_hash"], set_=kept)
    row = connection.execute(renewed.returning(*_LISTED)).one()
    _end_oldest(connection, user_id)
    return row


def of_user(connection: Connection, user_id: str) -> Sequence[Any]:
    """Return the subscriptions of a user, newest first."""
    found = select(*_LISTED).where(_table.user_id == user_id).order_by(_table.id.desc())
    return connection.execute(found.limit(MOST_OF_USER)).all()


def remove(connection: Connection, user_id: str, subscription_id: int) -> None:
    """End a user's own subscription, if there is one with this id."""
    connection.execute(delete(_table).where(_table.id == subscription_id, _table.user_id == user_id))


def end(connection: Connection, ids: Sequence[int]) -> None:
    """End subscriptions that nobody receives any more, and all that waits for them."""
    # In the order in which a claim locks them, so that the two cause no deadlock.
    connection.execute(delete(WebPush).where(among(connection, WebPush.subscription_id, ids)))
    connection.execute(delete(_table).where(among(connection, _table.id, ids)))


def end_logins(
    connection: Connection, user_id: str, *, family: str | None = None, spared_family: str | None = None
) -> None:
    """End the subscriptions that come from one log-in of a user, or from all but one."""
    ended = [_table.user_id == user_id]
    if family is not None:
        ended.append(_table.family == family)
    elif spared_family is not None:
        ended.append(_table.family != spared_family)
    connection.execute(delete(_table).where(*ended))


def note_success(connection: Connection, ids: Sequence[int]) -> None:
    """Forget the failures of subscriptions that a push service has taken a push for."""
    failed = among(connection, _table.id, ids) & (_table.failures > 0)
    connection.execute(update(_table).where(failed).values(failures=0, paused_until=None))


def pause(connection: Connection, subscription_id: int, seconds: int, *, is_failure: bool) -> None:
    """Send nothing to a device for some seconds: neither what waits nor what comes."""
    until = unix_time() + seconds
    waiting = (WebPush.subscription_id == subscription_id, WebPush.claimed_at.is_(None), WebPush.due_at < until)
    connection.execute(update(WebPush).where(*waiting).values(due_at=until))
    failures = _table.failures + 1 if is_failure else _table.failures
    change = update(_table).where(_table.id == subscription_id)
    connection.execute(change.values(paused_until=until, failures=failures))


def _end_oldest(connection: Connection, user_id: str) -> None:
    newest_first = (_table.renewed_at.desc(), _table.id.desc())
    mine = select(_table.id).where(_table.user_id == user_id).order_by(*newest_first)
    too_many = connection.execute(mine.offset(MOST_OF_USER).limit(MOST_OF_USER)).scalars().all()
    if too_many:
        end(connection, too_many)


_LISTED = (_table.id, _table.device, _table.language, _table.created_at)
