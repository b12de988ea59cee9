"""Web pushes: one row for each notification and device, from the dispatch until it was sent or need not be.

A row is made once, in the transaction that marks its notification as dispatched. It is sent at most once: a worker
claims it in a transaction of its own before it calls the push service. If the worker dies after that, nobody knows
whether the device has it, and the claim stays. The notification is in the inbox, so a web push that is lost is better
than one that is shown twice.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from core import declarations, payloads, push_subscriptions, texts, web_push_rules
from core.db import among, among_listed, list_of, unix_time
from core.event_data import InvalidData
from core.models import TOLD_BEFORE, Notification, PushSubscription, WebPush

_MOST_OF_CLAIM = 500  # rows that a claim reads, to find the newest of each group
_MOST_OF_DEVICE = 3  # web pushes at once
_REST_SECONDS = 60
_LOST_SECONDS = 600  # a claim that is older is that of a worker that has died
_DELETED_AT_ONCE = 1000

_n, _s, _w = Notification, PushSubscription, WebPush
COLUMNS = (
    _w.notification_id,
    _w.subscription_id,
    _w.attempts,
    _s.user_id,
    _s.endpoint,
    _s.p256dh,
    _s.auth,
    _s.language,
    _s.failures,
    *payloads.COLUMNS,
    _n.recipient_id,
    _n.seen_at,
    _n.read_at,
    _n.archived_at,
    _n.expires_at,
    _n.not_sent,
    _n.withdrawn_at,
    _n.dispatched_at,
    unix_time().label("now"),
)
_KEY = tuple_(_w.notification_id, _w.subscription_id)


def plan(connection: Connection, notification_ids: Sequence[int]) -> None:
    """Make the web pushes of notifications that are being marked as dispatched, one for each device of the recipient.

    Each is due when the `push_after` of its event is over. Notifications of events without it are passed over, and so
    are those of what the recipient was told a moment ago.
    """
    if _delays():
        new = _plan(connection.dialect.name, declarations.known_names())
        connection.execute(new, {"ids": list_of(connection, notification_ids)})


@cache
def _plan(dialect: str, names: frozenset[str]) -> Any:
    """Build the statement once: it is a part of each dispatch, and building takes longer than the rest."""
    delays = _delays_of(names)
    due_at = unix_time() + case(delays, value=_n.event)
    not_before = case((_s.paused_until > due_at, _s.paused_until), else_=due_at)
    is_given = among_listed(dialect, _n.id, bindparam("ids", type_=String))
    is_news = or_(_n.pushed_at.is_(None), _n.pushed_at != TOLD_BEFORE)
    is_meant = and_(is_given, is_news, _n.withdrawn_at.is_(None), _n.event.in_(sorted(delays)))
    found = select(_n.id, _s.id, not_before).join_from(_n, _s, _s.user_id == _n.recipient_id).where(is_meant)
    kind: Any = sqlite if dialect == "sqlite" else postgresql
    new = kind.insert(_w).from_select(["notification_id", "subscription_id", "due_at"], found)
    return new.on_conflict_do_nothing()


def has_any(events: Iterable[str]) -> bool:
    """Say whether any of these events goes out by Web Push."""
    return not _delays().keys().isdisjoint(events)


@dataclass(frozen=True, slots=True)
class Claim:
    """A web push that this worker alone may send now.

    `count` is how many others of its group it stands for, and `actor_count` how many different people did it.
    """

    row: Any
    topic: str
    count: int
    actor_count: int = 1

    @property
    def key(self) -> tuple[int, int]:
        return self.row.notification_id, self.row.subscription_id


def claim(connection: Connection, *, devices: int) -> list[Claim]:
    """Claim what is due for some devices, the ones that have waited for longest; drop what need not be sent.

    Of a group only the newest is sent, and of all others the newest few: a phone should not ring for each of a
    thousand. A device with more than that rests for a minute. Only a commit makes the claims valid.
    """
    rows = _due(connection, devices)
    verdicts = web_push_rules.decide(connection, rows)
    wanted = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict == web_push_rules.NOW]
    claims, crowded = _choose(wanted)
    chosen = {one.key for one in claims}
    for row, verdict in zip(rows, verdicts, strict=True):
        if verdict > 0:
            retry(connection, _key(row), verdict)
    later = {_key(row) for row, verdict in zip(rows, verdicts, strict=True) if verdict > 0}
    finish(connection, [_key(row) for row in rows if _key(row) not in chosen | later])
    if chosen:
        mine = {"claimed_at": unix_time(), "attempts": _w.attempts + 1}
        connection.execute(update(_w).where(_is_one_of(chosen)).values(mine))
    for subscription_id in sorted(crowded):
        push_subscriptions.pause(connection, subscription_id, _REST_SECONDS, is_failure=False)
    return claims


def finish(connection: Connection, keys: Collection[tuple[int, int]]) -> None:
    """Forget web pushes that were sent, or that nobody will send."""
    if keys:
        connection.execute(delete(_w).where(_is_one_of(keys)))


def retry(connection: Connection, key: tuple[int, int], seconds: int) -> None:
    """Let a web push be due again. It must be known that the device has not got it."""
    again = {"claimed_at": None, "due_at": unix_time() + seconds}
    connection.execute(update(_w).where(_is_one_of([key])).values(again))


def delete_lost(connection: Connection) -> int:
    """Forget the claims of workers that have died, some of them; return how many."""
    lost = select(_w.notification_id, _w.subscription_id).where(_w.claimed_at < unix_time() - _LOST_SECONDS)
    some = lost.limit(_DELETED_AT_ONCE)
    return connection.execute(delete(_w).where(_KEY.in_(some))).rowcount


def is_any_due(connection: Connection) -> bool:
    """Say whether `claim` or `delete_lost` would find something. On SQLite these two make every writer wait."""
    is_due = and_(_w.claimed_at.is_(None), _w.due_at <= unix_time())
    is_lost = _w.claimed_at < unix_time() - _LOST_SECONDS
    return bool(connection.scalar(select(or_(exists().where(is_due), exists().where(is_lost)))))


def oldest_seconds(connection: Connection) -> int:
    """Return for how many seconds the oldest web push that is due has waited."""
    waited = select(unix_time() - func.min(_w.due_at)).where(_w.claimed_at.is_(None))
    return max(0, connection.scalar(waited) or 0)


def _due(connection: Connection, devices: int) -> Sequence[Any]:
    """Lock what is due for some devices, newest first, and read it with its notification and its subscription."""
    is_due = and_(_w.claimed_at.is_(None), _w.due_at <= unix_time())
    oldest = select(_w.subscription_id, _w.due_at).where(is_due).order_by(_w.due_at).limit(_MOST_OF_CLAIM).subquery()
    by_wait = func.min(oldest.c.due_at)
    chosen = select(oldest.c.subscription_id).group_by(oldest.c.subscription_id).order_by(by_wait).limit(devices)
    ids = connection.execute(chosen).scalars().all()
    if not ids:
        return []
    due = select(_w.notification_id, _w.subscription_id).where(is_due, among(connection, _w.subscription_id, ids))
    newest_first = due.order_by(_w.notification_id.desc()).limit(_MOST_OF_CLAIM)
    keys = [_key(row) for row in connection.execute(newest_first.with_for_update(skip_locked=True))]
    if not keys:
        return []
    joined = select(*COLUMNS).select_from(_w).outerjoin(_n, _n.id == _w.notification_id)
    joined = joined.outerjoin(_s, _s.id == _w.subscription_id).where(_is_one_of(keys))
    return connection.execute(joined.order_by(_w.notification_id.desc())).all()


def _choose(rows: Sequence[Any]) -> tuple[list[Claim], set[int]]:
    """Choose what is sent of rows that are sorted, newest first. Return also the devices that would get too many."""
    groups: dict[tuple[int, str], list[Any]] = {}
    for row in rows:
        groups.setdefault((row.subscription_id, topic_of(row)), []).append(row)
    claims: list[Claim] = []
    of_device: Counter[int] = Counter()
    for (subscription_id, topic), members in groups.items():
        of_device[subscription_id] += 1
        if of_device[subscription_id] <= _MOST_OF_DEVICE:
            people = {member.actor_id for member in members} - {None}
            claims.append(Claim(members[0], topic, len(members) - 1, len(people)))
    return claims, {device for device, count in of_device.items() if count > _MOST_OF_DEVICE}


def topic_of(row: Any) -> str:
    """Return what is the same for all notifications of a group; for one without a group it is its own.

    It is valid as a `Topic` of a push service: 32 characters of base64url. It says nothing to the service.
    """
    event = declarations.find(row.event)
    group = event.declaration.group
    try:
        filled = group and texts.fill(group, declarations.read(event, row.data), texts.DEFAULT_LANGUAGE)
    except InvalidData:
        filled = None  # it is dropped when it is built
    named = f"{row.recipient_id}\0{event.declaration.name}\0{filled}" if filled else f"{row.notification_id}"
    return base64.urlsafe_b64encode(hashlib.sha256(named.encode()).digest()[:24]).decode()


def _key(row: Any) -> tuple[int, int]:
    return row.notification_id, row.subscription_id


def _is_one_of(keys: Collection[tuple[int, int]]) -> ColumnElement[bool]:
    return _KEY.in_(sorted(keys))


def _delays() -> dict[str, int]:
    """Return the seconds of `push_after` by the names of the events that have it."""
    return _delays_of(declarations.known_names())


@cache
def _delays_of(names: frozenset[str]) -> dict[str, int]:
    declared = {name: declarations.find(name).declaration.push_after for name in names}
    return {name: int(after.total_seconds()) for name, after in declared.items() if after is not None}
