"""Gathers the notifications of a batch in groups, and builds what sockets with groups are told of each."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection

from core import events, group_members, groups, payloads, user_ids
from core.group_members import Actor, Members
from core.groups import Group, Key, Settled
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
    """What a batch makes of its groups: what is told now, what is told later, and by id of what which group it is."""

    updates: list[Update] = field(default_factory=list)
    later: list[Settled] = field(default_factory=list)
    grouped: dict[int, tuple[str, int]] = field(default_factory=dict)

    def settled(self, told: Collection[Key]) -> list[Settled]:
        """Return what becomes of each group, if these were told. One that can't be built gets another attempt."""
        return [
            *self.later,
            *(
                Settled(group)
                if group.key in told
                else Settled(group, group.now + groups.PAUSE_SECONDS, update.is_loud)
                for update in self.updates
                for group in [update.group]
            ),
        ]


NOTHING_GATHERED = Gathered()


def gather(connection: Connection, batch: Mapping[Key, Sequence[Member]]) -> Gathered:
    """Find or open the group of each key, and decide which are told now and which are due later."""
    seconds, window = settings().group_seconds, settings().group_window_seconds
    first_ids = {key: min(member.row.id for member in members) for key, members in batch.items()}
    found = groups.find_or_open(connection, first_ids, window_seconds=window)
    told = [group for group in found.values() if group.may_be_told(seconds)]
    known = groups.members_of(connection, [group for group in told if group.id != first_ids[group.key]])
    gathered = Gathered()
    joined = {group.key: _joined(known.get(group.key), batch[group.key]) for group in told}
    newest = _newest_rows(connection, batch, joined)
    for key, group in found.items():
        is_loud = group.is_loud or not all(member.is_silent for member in batch[key])
        if key in joined:
            gathered.updates.append(Update(group, newest[key], joined[key], is_loud))
        else:
            due_at = group.due_at or (group.told_at or 0) + seconds
            gathered.later.append(Settled(group, due_at, is_loud))
        gathered.grouped.update({member.row.id: (key[2], group.id) for member in batch[key]})
    return gathered


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


def _newest_rows(
    connection: Connection, batch: Mapping[Key, Sequence[Member]], joined: Mapping[Key, Members]
) -> dict[Key, Any]:
    """Return the newest notification of each group: most often it is in the batch."""
    ours = {key: max((member.row for member in batch[key]), key=lambda row: row.id) for key in joined}
    older = [members.newest for key, members in joined.items() if members.newest != ours[key].id]
    read = {row.id: row for row in groups.rows_of(connection, older)} if older else {}
    return {key: read.get(members.newest, ours[key]) for key, members in joined.items()}


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
    # One that comes late, below the newest id, changes the count alone.
    name = f"g{newest.id}.{members.count}"
    recipient_id = user_ids.check(update.group.key[0])
    event = events.find(newest.event).declaration.name
    return Entry.encode(name, recipient_id, event, data, newest.created_at, audience=Audience.GROUPS)
