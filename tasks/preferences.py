"""Reads what a batch needs to know of its recipients' preferences: two statements at most, and often none."""

import time
from collections.abc import Collection, Sequence
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection

from core import preferences
from core.preference_checks import NO_CHECKS, Checks, Pair, possible_strangers, undecided
from tasks.resources import Resources


def read_checks(to: Resources, rows: Sequence[Any]) -> Checks:
    """Return what decides about these rows of the outbox."""
    if not (asking := undecided(rows)):
        return NO_CHECKS
    recipients = sorted({row.recipient_id for row in asking})
    # Not the connection of the claim: an error in a statement of the app would end its transaction.
    with to.database.reading() as connection:
        chosen = preferences.read_many(connection, recipients, to.counters)
        known = _known(to, connection, possible_strangers(asking, chosen))
    return Checks(chosen, known, time.time())


def _known(to: Resources, connection: Connection, pairs: set[Pair]) -> Collection[Pair] | Exception:
    if not pairs or to.knows is None:
        return pairs  # an app that does not say who knows whom has no strangers
    try:
        return frozenset(to.knows(connection, pairs))
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # noqa: BLE001  (a fault of the app delays only those who want its answer)
        return error
