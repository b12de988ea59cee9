"""Pushes one batch of the outbox. A notification that can't be pushed does not stop the others."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

from celery.exceptions import SoftTimeLimitExceeded

from core import (
    cache,
    db,
    dispatch_state,
    events,
    expiry,
    group_texts,
    inbox_counts,
    outbox,
    payloads,
    user_ids,
    web_pushes,
)
from core.failpoints import failpoint
from core.group_members import Key
from core.history import Entry
from core.models import EXPIRED
from core.preference_checks import Checks
from core.profiles import Profile
from core.wire import Audience
from tasks.emitter import PushFailed
from tasks.groups import NOTHING_GATHERED, Member, entries_of, gather
from tasks.preferences import read_checks
from tasks.resources import Resources, settings

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The ids of one batch. Its length is the number of notifications in the batch."""

    pushed: list[int]
    failed: list[int]

    def __len__(self) -> int:
        return len(self.pushed) + len(self.failed)

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.pushed + other.pushed, self.failed + other.failed)

    def first(self, count: int) -> "Outcome":
        """Return at most `count` ids of each kind."""
        return Outcome(self.pushed[:count], self.failed[:count])


def is_unavailable(error: BaseException) -> bool:
    """Return whether an error means that a service is unavailable which a push needs."""
    return isinstance(error, PushFailed) or cache.is_unavailable(error) or db.is_unavailable(error)


def push_batch(to: Resources, *, limit: int) -> Outcome:
    """Claim, build, append, push and mark one batch. While a service is unavailable, the batch stays in the outbox.

    When a batch fails for another reason, it is split until the notification that can't be pushed is alone.
    """
    return verified(to, lambda: _push_batch(to, limit))


def verified(to: Resources, act: Callable[[], T]) -> T:
    """Call `act`. If the data in Redis is unverified, compare it with the database and call `act` again."""
    return dispatch_state.verified(to.database, to.epochs, act)


def _push_batch(to: Resources, limit: int) -> Outcome:
    try:
        with outbox.claim(to.database, limit=limit) as batch:
            return _push(to, batch)
    except Exception as error:
        if _is_general(error):
            raise
        log.exception("a batch can't be pushed as a whole; splitting it to find the notification that fails")
    # Claim again: PostgreSQL executes nothing more in a transaction after an error.
    with outbox.claim(to.database, limit=limit) as batch:
        return _push_in_parts(to, batch.part(batch.rows))


def _push_in_parts(to: Resources, batch: outbox.Batch) -> Outcome:
    rows = batch.rows
    try:
        return _push(to, batch)
    except Exception as error:
        if _is_general(error):
            raise
        if len(rows) == 1:
            failure = _failure(rows[0], error)
            batch.mark(dispatched=[], failed=[failure])
            return Outcome(pushed=[], failed=[failure.notification_id])
    middle = len(rows) // 2
    return _push_in_parts(to, batch.part(rows[:middle])) + _push_in_parts(to, batch.part(rows[middle:]))


def _push(to: Resources, batch: outbox.Batch) -> Outcome:
    rows = batch.rows
    if not rows:
        return Outcome(pushed=[], failed=[])
    failpoint("after claim", settings())
    checks = read_checks(to, rows)
    asked = payloads.actors_of(rows)
    actors = to.profiles.get_many(asked)
    built = _build(rows, actors, checks)
    gathered = gather(to, built.groups) if built.groups else NOTHING_GATHERED
    updates = entries_of(to, gathered.updates, actors=actors, asked=asked) if gathered.updates else {}
    entries = [*built.entries.values(), *updates.values()]
    appended = to.history.append(entries)
    failpoint("after append", settings())
    held_back = {reason: [row.id for row in those] for reason, those in built.held_back.items()}
    unsent = [*built.not_sent, *chain.from_iterable(built.held_back.values())]
    moment = to.unread.moment() if unsent and not entries else 0
    recipients = sorted({entry.user_id for entry in entries} | {row.recipient_id for row in unsent})
    with batch.connection() as connection:
        # What is held back is still marked as all others. It is not counted any more.
        counts = inbox_counts.count_many(connection, recipients, without=[*chain.from_iterable(held_back.values())])
        incomplete = outbox.had_before(connection, appended.begun) if appended.begun else []
    tick = to.history.mark_partial(incomplete, appended.tick) if appended.tick else None
    read_at = appended.moment or moment
    pushes = appended.pushes + to.unread.set(counts, read_at=read_at)
    to.emitter.push(pushes)
    failpoint("after emit", settings())
    pushed = list(built.entries)
    not_sent = [row.id for row in built.not_sent]
    to_devices = pushed if settings().has_web_push and web_pushes.has_any(row.event for row in rows) else []
    batch.mark(
        dispatched=pushed,
        failed=built.failures,
        not_sent=not_sent,
        to_devices=to_devices,
        held_back=held_back,
        lifetimes=built.lifetimes,
        grouping=gathered.grouping(updates),
        tick=tick,
    )
    for reason, ids in held_back.items():
        to.counters.add("not_sent", reason, len(ids))
    return Outcome(pushed + [row.id for row in unsent], [failure.notification_id for failure in built.failures])


@dataclass(frozen=True, slots=True)
class _Built:
    """What is made of the rows of a batch. `entries` by the ids of the rows.

    The event of those that are `not_sent` said no. Those `held_back` have expired or are not wanted, by reason.
    `lifetimes` has those that expire later, by seconds. `groups` has those whose event has groups.
    """

    entries: dict[int, Entry] = field(default_factory=dict)
    not_sent: list[Any] = field(default_factory=list)
    held_back: dict[str, list[Any]] = field(default_factory=dict)
    lifetimes: dict[int, list[int]] = field(default_factory=dict)
    groups: dict[Key, list[Member]] = field(default_factory=dict)
    failures: list[outbox.Failure] = field(default_factory=list)


def _build(rows: Sequence[Any], actors: Mapping[str, Profile], checks: Checks) -> _Built:
    """Build and encode each notification on its own, so that a bad one does not stop the others."""
    built = _Built()
    for row in rows:
        try:
            _build_one(built, row, actors, checks)
        except Exception as error:
            if _is_general(error):
                raise
            built.failures.append(_failure(row, error))
    return built


def _build_one(built: _Built, row: Any, actors: Mapping[str, Profile], checks: Checks) -> None:
    """Add a notification as it is pushed, under the current name of its event; or that it is not sent.

    Of a withdrawn notification, add the withdrawal. It is an entry of its own in the history.
    """
    recipient_id = user_ids.check(row.recipient_id)
    if row.withdrawn_at is not None:
        data: dict[str, object] = {"ids": [row.id]}
        built.entries[row.id] = Entry.encode(f"w{row.id}", recipient_id, events.WITHDRAWN, data, row.withdrawn_at)
        return
    event = events.find(row.event)
    if expiry.is_over(row, event.declaration):
        built.held_back.setdefault(EXPIRED, []).append(row)
        return
    decision = checks.decide(row, event.declaration)
    if decision.not_sent:
        built.held_back.setdefault(decision.not_sent, []).append(row)
        return
    payload = {**payloads.build(row, actors, default_photo=settings().default_photo), "id": row.id}
    if decision.is_silent:
        payload["silent"] = True
    if event.should_send(recipient_id=recipient_id, actor_id=row.actor_id, payload=payload):
        name, group = event.declaration.name, event.declaration.group if settings().group_window_seconds else None
        audience = Audience.ALL if group is None else Audience.PLAIN
        entry = Entry.encode(row.id, recipient_id, name, payload, row.created_at, audience=audience)
        if group is not None:
            key = (recipient_id, name, group_texts.fill_key(group, payload))
            built.groups.setdefault(key, []).append(Member(row, payload))
        built.entries[row.id] = entry
        if seconds := expiry.lifetime(event.declaration):
            built.lifetimes.setdefault(seconds, []).append(row.id)
    else:
        built.not_sent.append(row)


def _failure(row: Any, error: Exception) -> outbox.Failure:
    """Log and return why a notification can't be pushed.

    Invalid data stays invalid, so it is final. An unknown event is not: the next version may know it.
    """
    is_final = isinstance(error, payloads.InvalidData | user_ids.InvalidUserId)
    what_follows = "it becomes a dead letter" if is_final else "it is retried, and may become a dead letter"
    log.error(
        "notification %d can't be pushed (attempts before: %s); %s", row.id, row.attempts, what_follows, exc_info=error
    )
    return outbox.Failure(row.id, error, is_final=is_final)


def _is_general(error: Exception) -> bool:
    """Return whether an error is no fault of any notification: a service is unavailable, or the task's time is over."""
    return is_unavailable(error) or isinstance(error, SoftTimeLimitExceeded)
