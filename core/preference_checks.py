"""Decides for each notification of a batch whether, and how loudly, its recipient wants to have it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core import user_ids
from core.declarations import Declaration
from core.models import DROPPED, FILTERED, MUTED, TOLD_BEFORE
from core.preferences import ACCEPT, DROP, Preferences

Pair = tuple[str, str]  # a recipient and an actor


class StrangersUnknown(Exception):
    """The app could not say whether a recipient knows an actor."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`not_sent` says why a notification is held back. A silent one is pushed, and clients show no toast."""

    not_sent: str | None = None
    is_silent: bool = False


_SEND, _SEND_SILENTLY = Decision(), Decision(is_silent=True)
_MUTED, _FILTERED, _DROPPED = (Decision(not_sent=reason) for reason in (MUTED, FILTERED, DROPPED))


@dataclass(frozen=True, slots=True)
class Checks:
    """What the recipients of a batch chose, as far as they chose something.

    `known` are the pairs in which the recipient knows the actor. It is an error where the app could not say.
    """

    chosen: Mapping[str, Preferences] = field(default_factory=dict)
    known: Collection[Pair] | Exception = frozenset()
    at: float = 0.0  # Unix seconds

    def decide(self, row: Any, event: Declaration) -> Decision:
        """Return what to do with a row of the outbox; raise StrangersUnknown."""
        # With a `pushed_at`, its recipient has let it in, or was told the same a moment ago.
        is_new = row.pushed_at is None
        chosen = self.chosen.get(row.recipient_id)
        if chosen is None:
            return _SEND if is_new and "toast" not in event.off_by_default else _SEND_SILENTLY
        if not event.required:
            if row.actor_id in chosen.muted or not chosen.is_on(event, "in_app"):
                return _MUTED
            if _may_be_stranger(row, chosen) and not self._knows(row):
                return _DROPPED if chosen.strangers == DROP else _FILTERED
        is_loud = is_new and chosen.is_on(event, "toast") and not chosen.is_quiet(self.at)
        return _SEND if is_loud else _SEND_SILENTLY

    def _knows(self, row: Any) -> bool:
        if isinstance(self.known, Exception):
            raise StrangersUnknown(f"KNOWS_LOADER failed: {self.known!r}") from self.known
        return (row.recipient_id, row.actor_id) in self.known


NO_CHECKS = Checks()


def undecided(rows: Iterable[Any]) -> list[Any]:
    """Return the rows of the outbox for which it matters what their recipients chose."""
    return [row for row in rows if row.preferences is not None and row.withdrawn_at is None]


def possible_strangers(rows: Sequence[Any], chosen: Mapping[str, Preferences]) -> set[Pair]:
    """Return the pairs of which the app has to say whether the recipient knows the actor."""
    return {
        (row.recipient_id, row.actor_id)
        for row in rows
        if (its := chosen.get(row.recipient_id)) and _may_be_stranger(row, its) and user_ids.is_valid(row.actor_id)
    }


def _may_be_stranger(row: Any, chosen: Preferences) -> bool:
    """Return whether it matters if the recipient knows the actor. Without an actor, the app itself has notified."""
    if chosen.strangers == ACCEPT or (row.pushed_at is not None and row.pushed_at != TOLD_BEFORE):
        return False
    if row.actor_id is None or row.actor_id == row.recipient_id:
        return False
    return row.actor_id not in chosen.accepted
