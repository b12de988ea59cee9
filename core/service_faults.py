"""Translate an error of Redis or RabbitMQ into a state for /readyz and the log, and into a remedy for operators."""

import logging
from dataclasses import dataclass

from amqp.exceptions import AccessRefused, AMQPError, NotAllowed, NotFound, PreconditionFailed
from kombu.exceptions import KombuError
from redis.exceptions import AuthenticationError, OutOfMemoryError, RedisError

from core import primary, rabbitmq
from core.cache import lacks_rights
from core.log import OnceAMinute

ERRORS = (OSError, EOFError, RedisError, AMQPError, KombuError)  # what the client libraries raise
_reported = OnceAMinute()
_LONGEST_CAUSE = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """What a service can't do now: `state` for /readyz, `remedy` for operators."""

    state: str
    remedy: str


class TakesNothing(Exception):
    """RabbitMQ answers, but it confirms no message."""


NO_ANSWER = Fault("unavailable", "")
LOG_IN = Fault("log-in refused", "correct the user, password and virtual host in the URL")
REDIS_RIGHTS = Fault(
    "lacks rights", "give the user in the URL the rights of Least rights in docs/operations.md: ACL SETUSER ..."
)
RABBITMQ_RIGHTS = Fault("lacks rights", "give the user in the URL the rights: rabbitmqctl set_permissions -p ...")
DIFFERENT = Fault(
    "exists with other arguments", "delete that queue or exchange, or give this system its own virtual host"
)
MISSING = Fault("lacks a queue", "start a worker: it declares the queue")
NOT_TRUSTED = Fault(
    "certificate refused", "in the URL, set ssl_ca_certs to its authority's file, and use a host that it is made for"
)
FULL = Fault("out of memory", "raise maxmemory, or find out what fills the memory")
CANNOT_SAVE = Fault("can't save", "free disk space on the Redis server")
TOO_OLD = Fault("too old", "upgrade it: Versions in docs/operations.md")
BLOCKED = Fault("takes no messages", "clear its memory or disk alarm: rabbitmqctl status shows it")


_BY_KIND: tuple[tuple[type[BaseException], Fault], ...] = (
    (PreconditionFailed, DIFFERENT),
    (AccessRefused, RABBITMQ_RIGHTS),
    (NotAllowed, LOG_IN),
    (AuthenticationError, LOG_IN),
    (NotFound, MISSING),
    (TakesNothing, BLOCKED),
    (primary.TooOld, TOO_OLD),
    (rabbitmq.TooOld, TOO_OLD),
    (OutOfMemoryError, FULL),
)


def fault_of(error: BaseException) -> Fault:
    """Return the fault that an error of a service shows."""
    if lacks_rights(error):
        return REDIS_RIGHTS
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NOT_TRUSTED
    if str(error).startswith("MISCONF "):
        return CANNOT_SAVE
    if isinstance(error, AccessRefused) and "Login was refused" in str(error):
        return LOG_IN
    return next((fault for kind, fault in _BY_KIND if isinstance(error, kind)), NO_ANSWER)


def is_lasting(error: BaseException) -> bool:
    """Say whether an error lasts until an operator acts, so that an immediate retry is useless."""
    return fault_of(error) in (LOG_IN, NOT_TRUSTED, REDIS_RIGHTS, RABBITMQ_RIGHTS, DIFFERENT, TOO_OLD)


def describe(error: BaseException) -> str:
    """Return what /readyz shows for an error."""
    fault = fault_of(error)
    if not fault.remedy:
        return f"{fault.state} ({type(error).__name__})"
    return f"{fault.state}: {fault.remedy} ({_cause(error)})"


def report(log: logging.Logger, service: str, error: BaseException) -> None:
    """Log an error of a service. A fault that an operator can fix is logged once a minute, not for each try."""
    fault = fault_of(error)
    if not fault.remedy:
        log.warning("%s is unavailable: %r", service, error)
    elif _reported.is_due((service, fault.state)):
        log.error("%s: %s (%s). Remedy: %s", service, fault.state, _cause(error), fault.remedy)


def _cause(error: BaseException) -> str:
    text = getattr(error, "reply_text", None) or str(error) or type(error).__name__
    return text.partition("\n")[0][:_LONGEST_CAUSE]
