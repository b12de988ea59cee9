"""Reads what a batch needs to know of its recipients' preferences: the rows have most of it beside them."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from core import preferences
from core.preference_checks import NO_CHECKS, Checks, Pair, possible_strangers, undecided
from core.preferences import LONGEST_BESIDE, Preferences
from tasks.resources import Resources


def read_checks(to: Resources, rows: Sequence[Any]) -> Checks:
    """Return what decides about these rows of the outbox."""
    if not (asking := undecided(rows)):
        return NO_CHECKS
    chosen = _chosen(to, {row.recipient_id: row.preferences for row in asking})
    return Checks(chosen, _known(to, possible_strangers(asking, chosen)), time.time())


def _chosen(to: Resources, documents: Mapping[str, str]) -> dict[str, Preferences]:
    """Parse what came beside the rows. Documents that were cut are read in one statement."""
    cut = sorted(user_id for user_id, document in documents.items() if len(document) > LONGEST_BESIDE)
    if not cut:
        return {user_id: preferences.parse(user_id, document, to.counters) for user_id, document in documents.items()}
    whole = {user_id: document for user_id, document in documents.items() if len(document) <= LONGEST_BESIDE}
    with to.database.reading() as connection:
        return _chosen(to, whole) | preferences.read_many(connection, cut, to.counters)


def _known(to: Resources, pairs: set[Pair]) -> Collection[Pair] | Exception:
    if not pairs or to.knows is None:
        return pairs  # an app that does not say who knows whom has no strangers
    # Not the connection of the claim: an error in a statement of the app would end its transaction.
    with to.database.reading() as connection:
        try:
            return frozenset(to.knows(connection, pairs))
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:  # noqa: BLE001  (a fault of the app delays only those who want its answer)
            return error
