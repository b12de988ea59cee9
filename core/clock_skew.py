"""Show operators that a clock is wrong: count each case, and log one a minute."""

import logging

from prometheus_client import Counter

from core.log import OnceAMinute

log = logging.getLogger(__name__)

TOKENS = Counter("toutiao_clock_skew_tokens_total", "Tokens that a machine with a clock ahead of this one signed")
_reported = OnceAMinute()


def note(ahead_seconds: float) -> None:
    """Count and log a valid token from a signer whose clock is ahead of ours by this much."""
    TOKENS.inc()
    if _reported.is_due("ahead"):
        log.warning("a token was signed %.0f s in the future: this clock or the signer's is wrong", ahead_seconds)
