"""The public keys of a host: those of its settings, or those of a provider, kept fresh in the background."""

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from prometheus_client import Counter, Gauge

from core.jwks import Fetch, Unavailable
from core.log import OnceAMinute
from core.public_keys import PublicKey

log = logging.getLogger(__name__)
_reported = OnceAMinute()

FETCHES = Counter("toutiao_jwks_fetches_total", "Fetches of the provider's public keys", ["result"])
for _result in ("ok", "failed"):  # rate() does not count the event that creates a series
    FETCHES.labels(_result)
KEYS = Gauge("toutiao_jwks_keys", "Public keys of the provider that this process knows")

LEAST_SECONDS = 10.0  # between two fetches that an unknown key asks for
_FRESH_SECONDS = 300.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 60.0  # after a failure
_NEVER = -float("inf")


class KeysUnknown(Exception):
    """The provider has not told its keys, so nobody knows whether the token is valid. Try again later."""


class Keys(Protocol):
    def find(self, key_id: str | None, algorithm: str) -> Sequence[PublicKey]:
        """Return the keys that a token with this header may be signed with; raise KeysUnknown."""

    def failure(self) -> str | None:
        """Return why no token can be verified now; None if they can."""


class FixedKeys:
    """Keys of the settings. Their ids are unknown, so each of the right kind may be meant."""

    def __init__(self, keys: Sequence[PublicKey]) -> None:
        self._keys = keys

    def find(self, _key_id: str | None, algorithm: str) -> Sequence[PublicKey]:
        return [key for key in self._keys if key.algorithm == algorithm]

    def failure(self) -> None:
        return None


class ProviderKeys:
    """The keys of a provider. Whoever asks for a known key never waits. Safe for threads and greenlets.

    One thread of the process fetches: about every 5 minutes, after a failure with growing pauses, and for an unknown
    key no more than once in 10 s. The last good copy is kept for as long as the provider is away.
    """

    def __init__(
        self,
        fetch: Fetch,
        *,
        most_waiting: int,
        wait_seconds: float = 2,
        least_seconds: float = LEAST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """At most `most_waiting` callers wait for a fetch, each for `wait_seconds`."""
        self._fetch = fetch
        self._most_waiting = most_waiting
        self._wait_seconds = wait_seconds
        self._least_seconds = least_seconds
        self._clock = clock
        self._changed = threading.Condition()
        self._keys: tuple[PublicKey, ...] = ()
        self._failure: str | None = "not fetched yet"  # of the last fetch
        self._failures = 0  # in a row
        self._tried_at = _NEVER
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self._fetched = 0  # how often, good or bad
        self._is_fetching = False
        self._is_wanted = False
        self._waiting = 0
        self._process_id = 0

    def find(self, key_id: str | None, algorithm: str) -> Sequence[PublicKey]:
        """Return the key with this id. A token without an id is taken if the provider has one key of its algorithm.

        May wait for a fetch. Raise KeysUnknown where the provider does not answer.
        """
        found = self._match(key_id, algorithm)
        if found:
            return found
        self._refresh()
        found = self._match(key_id, algorithm)
        if not found and self._failure:
            raise KeysUnknown
        return found

    def failure(self) -> str | None:
        """Return why no token of the provider can be verified now. The first call starts the fetches."""
        with self._changed:
            self._start()
        return None if self._keys else f"no keys of the provider: {self._failure}"

    def _match(self, key_id: str | None, algorithm: str) -> Sequence[PublicKey]:
        if key_id is not None:
            return [key for key in self._keys if key.id == key_id and key.algorithm == algorithm]
        fitting = [key for key in self._keys if key.algorithm == algorithm]
        return fitting if len(fitting) == 1 else []

    def _refresh(self) -> None:
        """Ask for a fetch. Wait for its end, unless the last one was a moment ago."""
        with self._changed:
            self._start()
            if not self._is_fetching:
                self._is_wanted = True
                self._changed.notify_all()
                if self._clock() - self._tried_at < self._least_seconds:
                    return
            if self._waiting >= self._most_waiting:
                raise KeysUnknown
            before = self._fetched
            self._waiting += 1
            try:
                if not self._changed.wait_for(lambda: self._fetched != before, self._wait_seconds):
                    raise KeysUnknown
            finally:
                self._waiting -= 1

    def _start(self) -> None:
        # A server may fork after it has loaded the application, and a thread does not survive a fork.
        if self._process_id != os.getpid():
            self._process_id = os.getpid()
            threading.Thread(target=self._fetch_for_ever, name="provider-keys", daemon=True).start()

    def _fetch_for_ever(self) -> None:
        while True:
            self._fetch_once()
            with self._changed:
                while (rest := self._due_at() - self._clock()) > 0:
                    self._changed.wait(rest)

    def _due_at(self) -> float:
        pause = min(self._pause_seconds, self._least_seconds) if self._is_wanted else self._pause_seconds
        return self._tried_at + pause

    def _fetch_once(self) -> None:
        with self._changed:
            self._is_fetching, self._is_wanted, self._tried_at = True, False, self._clock()
        keys: tuple[PublicKey, ...] = ()
        failure: str | None = None
        try:
            keys = self._fetch()
        except Unavailable as error:
            failure = str(error)
        except Exception:  # whatever a provider sends, the next fetch has to come
            log.exception("the keys of the provider could not be fetched")
            failure = "failed"
        with self._changed:
            self._note(keys, failure)
            self._is_fetching = False
            self._fetched += 1
            self._changed.notify_all()

    def _note(self, keys: tuple[PublicKey, ...], failure: str | None) -> None:
        FETCHES.labels("failed" if failure else "ok").inc()
        jitter = random.uniform(0.75, 1)  # noqa: S311  (so that not all processes ask at once)
        if failure is None:
            self._keys, self._failures = keys, 0
            self._pause_seconds = _FRESH_SECONDS * jitter
            KEYS.set(len(keys))
        else:
            self._failures += 1
            grown = _FIRST_PAUSE_SECONDS * 2 ** min(self._failures - 1, 10)
            self._pause_seconds = min(grown, _LONGEST_PAUSE_SECONDS) * jitter
            if _reported.is_due("jwks"):
                kept = "; the last good ones are kept" if self._keys else ", and no token of it is accepted"
                log.warning("the keys of the provider could not be fetched: %s%s", failure, kept)
        self._failure = failure
