"""Sends the web pushes that are due, many at once: a push service that hangs holds up nobody else's."""

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from sqlalchemy import Connection

from core import payloads, push_subscriptions, web_push_payloads, web_pushes
from core.db import Database
from core.log import OnceAMinute
from core.profiles import NoProfiles, UserProfileCache
from core.push_endpoints import Endpoints, InvalidEndpoint
from core.push_services import Answer, Call
from core.vapid import Vapid
from core.web_pushes import Claim

log = logging.getLogger(__name__)

AT_ONCE = 32
_MOST_ATTEMPTS = 5  # of one web push
_MOST_FAILURES = 10  # of one device in a row; with the pauses between them, this takes more than a day
_FIRST_PAUSE_SECONDS = 30
_LONGEST_PAUSE_SECONDS = 6 * 3600
_LOOK_SECONDS = 0.5  # what becomes due is claimed so often, while calls run
_GATHER_SECONDS = 0.02  # answers that come within it are noted together
_ABORT_SECONDS = 0.5
# The service has not taken it, and another attempt may help. Any other answer is final.
_BUSY = (429, 500, 503)
_GONE = (404, 410)
_reported = OnceAMinute()


@dataclass(frozen=True, slots=True)
class Sending:
    claim: Claim
    call: Call


@dataclass(frozen=True, slots=True)
class Sender:
    """`count` adds to the counter `web_pushes`; `failpoint` is called between a call and the note of its answer."""

    database: Database
    profiles: UserProfileCache | NoProfiles
    vapid: Vapid
    endpoints: Endpoints
    default_photo: str
    count: Callable[[str, int], None]
    failpoint: Callable[[], None]
    pool: ThreadPoolExecutor

    def send_due(self, *, seconds: float, is_stopping: Callable[[], bool]) -> int:
        """Send what is due and what becomes due for some seconds, until nothing is left; return how many were sent.

        It takes as long as one call more. At most once: a web push whose answer is not noted is never sent again.
        """
        if self._is_any_due():
            self._delete_lost()
        over_at = time.monotonic() + seconds
        running: dict[Future[Answer], Sending] = {}
        sent = 0
        while True:
            if time.monotonic() < over_at and not is_stopping():
                running |= self._begin(AT_ONCE - len(running))
            if not running:
                return sent
            if answered := _collect(running):
                self.failpoint()
                sent += self._note(answered)

    def _is_any_due(self) -> bool:
        with self.database.reading() as connection:
            return web_pushes.is_any_due(connection)

    def _delete_lost(self) -> None:
        """Count and forget what workers that have died had claimed."""
        with self.database.transaction() as connection:
            lost = web_pushes.delete_lost(connection)
        if lost:
            self.count("unknown", lost)
            log.warning("%d web pushes were claimed by workers that have died; they are not sent again", lost)

    def _begin(self, free: int) -> dict[Future[Answer], Sending]:
        if free < 1 or not self._is_any_due():
            return {}
        with self.database.transaction() as connection:
            claims = web_pushes.claim(connection, devices=free)
        sendings = self._prepare(claims) if claims else []
        return {self.pool.submit(one.call.run): one for one in sendings}

    def _prepare(self, claims: Sequence[Claim]) -> list[Sending]:
        try:
            actors = self.profiles.get_many(payloads.actors_of(claim.row for claim in claims))
        except Exception:
            with self.database.transaction() as connection:
                for claim in claims:
                    web_pushes.retry(connection, claim.key, _FIRST_PAUSE_SECONDS)
            raise
        sendings, bad, forbidden = [], [], []
        for claim in claims:
            try:
                endpoint = self.endpoints.parse(claim.row.endpoint)
                message = web_push_payloads.build(claim, actors, default_photo=self.default_photo)
            except InvalidEndpoint:  # the settings allow it no more
                forbidden.append(claim)
            except Exception:
                # A row or a key that is bad in any way stops no other one.
                log.exception("web push %s can't be sent; its notification stays in the inbox", claim.key)
                bad.append(claim)
            else:
                headers = message.headers | {"Authorization": self.vapid.authorization(endpoint.origin)}
                sendings.append(Sending(claim, Call(self.endpoints, endpoint, headers, message.body)))
        self._drop(bad, forbidden)
        return sendings

    def _drop(self, bad: Sequence[Claim], forbidden: Sequence[Claim]) -> None:
        if not bad and not forbidden:
            return
        with self.database.transaction() as connection:
            web_pushes.finish(connection, [claim.key for claim in bad])
            push_subscriptions.end(connection, [claim.row.subscription_id for claim in forbidden])
        self.count("invalid", len(bad))
        self.count("forbidden", len(forbidden))

    def _note(self, answered: Sequence[tuple[Claim, Answer]]) -> int:
        """Write down what became of each, and tell the counters."""
        with self.database.transaction() as connection:
            outcomes = Counter(_note(connection, claim, answer) for claim, answer in answered)
            sent = [claim for claim, answer in answered if _is_taken(answer)]
            web_pushes.finish(connection, [claim.key for claim in sent])
            push_subscriptions.note_success(connection, [one.row.subscription_id for one in sent if one.row.failures])
        for outcome, count in outcomes.items():
            self.count(outcome, count)
        return len(sent)


def _collect(running: dict[Future[Answer], Sending]) -> list[tuple[Claim, Answer]]:
    """Take out what has ended, and what has to end now."""
    done, _ = wait(running, _LOOK_SECONDS, FIRST_COMPLETED)
    if done:
        wait(running, _GATHER_SECONDS)
    now = time.monotonic()
    late = [future for future, one in running.items() if now > one.call.ends_at and not future.done()]
    for future in late:
        running[future].call.abort()
    if late:
        wait(late, _ABORT_SECONDS)
    ended = [future for future in running if future.done() or future in late]
    return [(running.pop(future).claim, _answer(future)) for future in ended]


def _answer(future: Future[Answer]) -> Answer:
    """Return the answer; of a call that is still resolving a name, that it was not sent: it will not be."""
    return future.result() if future.done() else Answer(fault="the name of the push service was not resolved in time")


def _is_taken(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _note(connection: Connection, claim: Claim, answer: Answer) -> str:
    """Write down what became of a web push that was not taken, and return its outcome."""
    if _is_taken(answer):
        return "sent"
    device = claim.row.subscription_id
    if answer.is_forbidden or answer.status in _GONE or claim.row.failures + 1 >= _MOST_FAILURES:
        push_subscriptions.end(connection, [device])
        return "forbidden" if answer.is_forbidden else "gone"
    pause_seconds = _pause_seconds(claim.row.failures, answer)
    outcome = _outcome(claim, answer)
    if outcome == "later":
        web_pushes.retry(connection, claim.key, pause_seconds)
    else:
        web_pushes.finish(connection, [claim.key])
    push_subscriptions.pause(connection, device, pause_seconds, is_failure=True)
    if _reported.is_due(f"{outcome} {answer.status}"):
        reason = f"{answer.status} {answer.fault}".removeprefix("0 ")
        log.warning("a web push was not taken by its push service (%s): %s", outcome, reason)
    return outcome


def _outcome(claim: Claim, answer: Answer) -> str:
    if answer.status in _BUSY or not answer.is_sent:
        return "later" if claim.row.attempts + 1 < _MOST_ATTEMPTS else "gave_up"
    return "refused" if answer.status else "unknown"


def _pause_seconds(failures: int, answer: Answer) -> int:
    """Return how long a device rests: longer after each failure in a row, and as long as the service asks for."""
    pause = min(_FIRST_PAUSE_SECONDS * 4 ** min(failures, 10), _LONGEST_PAUSE_SECONDS)
    return int(max(pause, answer.retry_after_seconds) * random.uniform(1, 1.3))  # noqa: S311  (jitter)
