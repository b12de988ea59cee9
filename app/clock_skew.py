"""Make a clock that is wrong visible: it is counted, and named in the log once a minute."""

import logging

from prometheus_client import Counter

from app.log import OnceAMinute

log = logging.getLogger(__name__)

TOKENS = Counter("toutiao_tokens_from_the_future_total", "Tokens of a machine whose clock is ahead of this one's")
_reported = OnceAMinute()


def note(ahead_seconds: float) -> None:
    """Take note of a good token that a clock so far ahead of ours has signed."""
    TOKENS.inc()
    if _reported.is_due("ahead"):
        log.warning("a token was signed %.0f s in the future: a clock is wrong, here or there", ahead_seconds)
