"""Gathers the notifications of a batch in groups, and builds what sockets with groups are told of each."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from core import events, group_members, groups, payloads
from core.group_members import Actor, Key, Members
from core.groups import Group, Grouping, Joining
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
    """What is told of a group: its newest notification as a row of payloads.COLUMNS, and all of its members.

    `payload` is that of the newest, where it is built already.
    """

    group: Group
    newest: Any
    members: Members
    is_loud: bool
    payload: Mapping[str, object] | None = None

    @property
    def is_first(self) -> bool:
        """Say whether it tells of the only notification that the group ever had."""
        return self.members.count == 1 and self.newest.id == self.group.id and not self.group.changes


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a batch makes of its groups: what is told now, in which group each is, and what is told later."""

    updates: list[Update] = field(default_factory=list)
    grouped: dict[int, tuple[str, int]] = field(default_factory=dict)
    joining: dict[Key, Joining] = field(default_factory=dict)

    def grouping(self, told: Collection[Key]) -> Grouping:
        """Return what to write, if these were told. One that can't be built gets another attempt."""
        are_told = [update for update in self.updates if update.group.key in told]
        return Grouping(
            settings().group_seconds,
            settings().group_window_seconds,
            # A first one leaves its group as it was reserved, which saves most groups a change.
            [update.group for update in are_told if not update.is_first],
            [(update.group, update.is_loud) for update in self.updates if update.group.key not in told],
            self.grouped,
            self.joining,
        )


NOTHING_GATHERED = Gathered()


def gather(to: Resources, batch: Mapping[Key, Sequence[Member]]) -> Gathered:
    """Reserve the groups that may be told now, and gather their members. All others are joined, and told later.

    The notifications of each key are in the order of their ids. What was archived before it was pushed is in its group,
    and nobody is told of it.
    """
    first_ids = {key: members[0].row.id for key, members in batch.items()}
    news = {key: those for key, members in batch.items() if (those := [one for one in members if one.is_news])}
    reserved = _reserve(to, {key: first_ids[key] for key in news})
    new = {key for key, group in reserved.items() if group.id == first_ids[key] and not group.changes}
    known = group_members.read_many(to.database, {key: reserved[key].id for key in reserved.keys() - new})
    told = {key: _joined(known.get(key), news[key]) for key in reserved if key in new or key in known}
    newest = _newest(to, news, told)
    gathered = Gathered()
    for key, members in batch.items():
        is_loud = any(not member.is_silent for member in news.get(key, ()))
        ids = [member.row.id for member in members]
        if key in told:
            group = reserved[key]
            row, payload = newest[key]
            gathered.updates.append(Update(group, row, told[key], is_loud or group.is_loud, payload))
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


def entries_of(
    to: Resources,
    updates: Sequence[Update],
    *,
    actors: Mapping[str, Profile] = MappingProxyType({}),
    asked: Collection[str] = frozenset(),
) -> dict[Key, Entry]:
    """Encode each update on its own, so that a bad one does not stop the others; it is missing in the answer.

    `actors` are the profiles that were found of those `asked` for before. What is missing is read at once.
    """
    needed = {id_ for update in updates for id_ in group_members.shown_ids(update.members)}
    needed |= payloads.actors_of(update.newest for update in updates if update.payload is None)
    profiles = {**actors, **to.profiles.get_many(missing)} if (missing := needed.difference(asked)) else actors
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
    newest_of = {member.row.actor_id: member.row.id for member in members if member.row.actor_id is not None}
    actors = [Actor(*one) for one in newest_of.items()]
    return Members(len(members), members[-1].row.id, len(actors), actors)


def _newest(
    to: Resources, batch: Mapping[Key, Sequence[Member]], told: Mapping[Key, Members]
) -> dict[Key, tuple[Any, Mapping[str, object] | None]]:
    """Return the newest notification of each group, and its payload where it is in the batch, as most often."""
    found: dict[Key, Any] = {key: (batch[key][-1].row, batch[key][-1].payload) for key in told}
    older = {id_: key for key, members in told.items() if (id_ := members.newest) not in (None, found[key][0].id)}
    if older:
        with to.database.reading() as connection:
            found |= {older[row.id]: (row, None) for row in groups.rows_of(connection, list(older))}
    return found


def _entry(update: Update, profiles: Mapping[str, Profile]) -> Entry:
    members, newest = update.members, update.newest
    photo = settings().default_photo
    data: dict[str, object] = {
        **(update.payload or payloads.build(newest, profiles, default_photo=photo)),
        "group": update.group.key[2],
        "group_id": update.group.id,
        "count": members.count,
        "actor_count": members.actor_count,
        "actors": group_members.shown(members, profiles, photo),
        "id": newest.id,
    }
    data.pop("silent", None)  # of the notification itself
    if not update.is_loud:
        data["silent"] = True
    # The same again after a crash. Without `tellings`, what is withdrawn would let a later update have an earlier name;
    # without the count, one that comes late, below the newest id, would have that of the update before.
    name = f"g{update.group.id}.{update.group.tellings}.{newest.id}.{members.count}"
    event = events.find(newest.event).declaration.name
    return Entry.encode(name, update.group.key[0], event, data, newest.created_at, audience=Audience.GROUPS)
