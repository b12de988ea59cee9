"""Make a clock that is wrong visible: it is counted, and named in the log once a minute."""

import logging
import time

from prometheus_client import Counter

log = logging.getLogger(__name__)

TOKENS = Counter("toutiao_tokens_from_the_future_total", "Tokens of a machine whose clock is ahead of this one's")
_LOG_SECONDS = 60
_silent_until = 0.0


def note(ahead_seconds: float) -> None:
    """Take note of a good token that a clock so far ahead of ours has signed."""
    global _silent_until  # noqa: PLW0603  (one log for the process)
    TOKENS.inc()
    if time.monotonic() >= _silent_until:
        _silent_until = time.monotonic() + _LOG_SECONDS
        log.warning("a token was signed %.0f s in the future: a clock is wrong, here or there", ahead_seconds)
