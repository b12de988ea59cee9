"""Gathers the notifications of a batch in groups, and builds what sockets with groups are told of each."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from core import events, group_members, groups, payloads, user_ids
from core.group_members import Actor, Key, Members
from core.groups import Group, Grouping, Joining, Settled
from core.history import Entry
from core.profiles import Profile
from core.wire import Audience
from tasks.resources import Resources, settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Member:
    """A notification of a batch that is pushed, with its payload."""

    row: Any
    payload: dict[str, object]

    @property
    def is_news(self) -> bool:
        return self.row.archived_at is None

    @property
    def is_silent(self) -> bool:
        return "silent" in self.payload


@dataclass(frozen=True, slots=True)
class Update:
    """What is told of a group: its newest notification as a row of payloads.COLUMNS, and all of its members."""

    group: Group
    newest: Any
    members: Members
    is_loud: bool


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a batch makes of its groups: what is told now, in which group each is, and what is told later."""

    updates: list[Update] = field(default_factory=list)
    grouped: dict[int, tuple[str, int]] = field(default_factory=dict)
    joining: dict[Key, Joining] = field(default_factory=dict)

    def grouping(self, told: Collection[Key]) -> Grouping:
        """Return what to write, if these were told."""
        settled = settle(self.updates, told)
        return Grouping(settings().group_seconds, settings().group_window_seconds, settled, self.grouped, self.joining)


NOTHING_GATHERED = Gathered()


def settle(updates: Sequence[Update], told: Collection[Key]) -> list[Settled]:
    """Return what becomes of reserved groups, if these were told. One that can't be built gets another attempt."""
    return [
        Settled(update.group) if update.group.key in told else put_off(update.group, is_loud=update.is_loud)
        for update in updates
    ]


def put_off(group: Group, *, is_loud: bool) -> Settled:
    """Let a group be due again after a pause."""
    return Settled(group, group.now + groups.PAUSE_SECONDS, is_loud)


def gather(to: Resources, batch: Mapping[Key, Sequence[Member]]) -> Gathered:
    """Reserve the groups that may be told now, and gather their members. All others are joined, and told later.

    What was archived before it was pushed is in its group, and nobody is told of it.
    """
    first_ids = {key: min(member.row.id for member in members) for key, members in batch.items()}
    news = {key: those for key, members in batch.items() if (those := [one for one in members if one.is_news])}
    reserved = _reserve(to, {key: first_ids[key] for key in news})
    known = group_members.read_many(to.database, {key: group.id for key, group in reserved.items() if not group.is_new})
    told = {key: _joined(known.get(key), news[key]) for key, group in reserved.items() if group.is_new or key in known}
    newest = _newest_rows(to, news, told)
    gathered = Gathered()
    for key, members in batch.items():
        is_loud = any(not member.is_silent for member in news.get(key, ()))
        ids = [member.row.id for member in members]
        if key in told:
            group = reserved[key]
            gathered.updates.append(Update(group, newest[key], told[key], is_loud or group.is_loud))
            gathered.grouped.update(dict.fromkeys(ids, (key[2], group.id)))
        else:
            gathered.joining[key] = Joining(ids, is_due=key in news, is_loud=is_loud)
    return gathered


def _reserve(to: Resources, first_ids: Mapping[Key, int]) -> dict[Key, Group]:
    if not first_ids:
        return {}
    seconds, window = settings().group_seconds, settings().group_window_seconds
    with to.database.transaction() as connection:
        return groups.reserve(connection, first_ids, seconds=seconds, window_seconds=window)


def entries_of(to: Resources, updates: Sequence[Update], actors: Mapping[str, Profile]) -> dict[Key, Entry]:
    """Encode each update on its own, so that a bad one does not stop the others; it is missing in the answer.

    `actors` are profiles that are read already; those that are missing are read at once.
    """
    needed = payloads.actors_of(update.newest for update in updates)
    needed |= {id_ for update in updates for id_ in group_members.shown_ids(update.members)}
    profiles = {**actors, **to.profiles.get_many(missing)} if (missing := needed - actors.keys()) else actors
    entries = {}
    for update in updates:
        try:
            entries[update.group.key] = _entry(update, profiles)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            log.exception("group %d can't be told; its notifications stay in the inbox", update.group.id)
    return entries


def _joined(known: Members | None, members: Sequence[Member]) -> Members:
    if known is not None:
        return group_members.join(known, _members(members))
    if len(members) == 1:  # so most groups begin
        return group_members.of_one(members[0].row)
    return group_members.join(Members(), _members(members))


def _members(members: Sequence[Member]) -> Members:
    newest_of: dict[str, int] = {}
    for member in members:
        if member.row.actor_id is not None:
            newest_of[member.row.actor_id] = max(member.row.id, newest_of.get(member.row.actor_id, 0))
    actors = [Actor(*one) for one in newest_of.items()]
    return Members(len(members), max(member.row.id for member in members), len(actors), actors)


def _newest_rows(to: Resources, batch: Mapping[Key, Sequence[Member]], told: Mapping[Key, Members]) -> dict[Key, Any]:
    """Return the newest notification of each group: most often it is in the batch."""
    ours = {key: max((member.row for member in batch[key]), key=lambda row: row.id) for key in told}
    older = [members.newest for key, members in told.items() if members.newest != ours[key].id]
    if not older:
        return ours
    with to.database.reading() as connection:
        read = {row.id: row for row in groups.rows_of(connection, older)}
    return {key: read.get(members.newest, ours[key]) for key, members in told.items()}


def _entry(update: Update, profiles: Mapping[str, Profile]) -> Entry:
    members, newest = update.members, update.newest
    photo = settings().default_photo
    data: dict[str, object] = {
        **payloads.build(newest, profiles, default_photo=photo),
        "group": update.group.key[2],
        "group_id": update.group.id,
        "count": members.count,
        "actor_count": members.actor_count,
        "actors": group_members.shown(members, profiles, photo),
        "id": newest.id,
    }
    if not update.is_loud:
        data["silent"] = True
    # The same again after a crash. Without `tellings`, what is withdrawn would let a later update have an earlier name;
    # without the count, one that comes late, below the newest id, would have that of the update before.
    name = f"g{update.group.id}.{update.group.tellings}.{newest.id}.{members.count}"
    recipient_id = user_ids.check(update.group.key[0])
    event = events.find(newest.event).declaration.name
    return Entry.encode(name, recipient_id, event, data, newest.created_at, audience=Audience.GROUPS)
