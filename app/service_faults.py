"""What Redis or RabbitMQ can't do, by their errors: what /readyz and the log say, and what an operator can do."""

import logging
from dataclasses import dataclass

from amqp.exceptions import AccessRefused, AMQPError, NotAllowed, NotFound, PreconditionFailed
from kombu.exceptions import KombuError
from redis.exceptions import AuthenticationError, OutOfMemoryError, RedisError

from app.cache import lacks_rights
from app.log import OnceAMinute

ERRORS = (OSError, EOFError, RedisError, AMQPError, KombuError)  # what the libraries raise of a service
_reported = OnceAMinute()
_LONGEST_CAUSE = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """`state` as /readyz shows it, and what an operator can do."""

    state: str
    remedy: str


class TakesNothing(Exception):
    """RabbitMQ answers, and confirms no message."""


AWAY = Fault("away", "")
LOG_IN = Fault("log-in refused", "correct user, password and virtual host in the URL")
REDIS_RIGHTS = Fault(
    "lacks rights", "give the user of the URL the rights under Least rights in docs/operations.md: ACL SETUSER ..."
)
RABBITMQ_RIGHTS = Fault("lacks rights", "give the user of the URL the rights: rabbitmqctl set_permissions -p ...")
DIFFERENT = Fault(
    "exists with other arguments", "delete that queue or exchange, or keep this system apart by a virtual host"
)
MISSING = Fault("lacks a queue", "start a worker, which makes it")
NOT_TRUSTED = Fault("certificate refused", "name its authority as ssl_ca_certs in the URL, and the host that it is for")
FULL = Fault("out of memory", "raise maxmemory, or see what fills it")
CANNOT_SAVE = Fault("can't save", "make room on its disk")
BLOCKED = Fault("takes no messages", "end its memory or disk alarm: rabbitmqctl status shows it")


_BY_KIND: tuple[tuple[type[BaseException], Fault], ...] = (
    (PreconditionFailed, DIFFERENT),
    (AccessRefused, RABBITMQ_RIGHTS),
    (NotAllowed, LOG_IN),
    (AuthenticationError, LOG_IN),
    (NotFound, MISSING),
    (TakesNothing, BLOCKED),
    (OutOfMemoryError, FULL),
)


def fault_of(error: BaseException) -> Fault:
    """Return what a service can't do, by one of its errors."""
    if lacks_rights(error):
        return REDIS_RIGHTS
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NOT_TRUSTED
    if str(error).startswith("MISCONF "):
        return CANNOT_SAVE
    if isinstance(error, AccessRefused) and "Login was refused" in str(error):
        return LOG_IN
    return next((fault for kind, fault in _BY_KIND if isinstance(error, kind)), AWAY)


def is_lasting(error: BaseException) -> bool:
    """Say whether an error stays until an operator does something, so that trying again at once is of no use."""
    return fault_of(error) in (LOG_IN, NOT_TRUSTED, REDIS_RIGHTS, RABBITMQ_RIGHTS, DIFFERENT)


def describe(error: BaseException) -> str:
    """Return what /readyz shows."""
    fault = fault_of(error)
    return f"{fault.state}: {fault.remedy} ({_cause(error)})" if fault.remedy else f"away ({type(error).__name__})"


def report(log: logging.Logger, service: str, error: BaseException) -> None:
    """Log what is wrong with a service; what an operator has to do, once a minute and not for each try."""
    fault = fault_of(error)
    if not fault.remedy:
        log.warning("%s is away: %r", service, error)
    elif _reported.is_due((service, fault.state)):
        log.error("%s: %s (%s). Remedy: %s", service, fault.state, _cause(error), fault.remedy)


def _cause(error: BaseException) -> str:
    text = getattr(error, "reply_text", None) or str(error) or type(error).__name__
    return text.partition("\n")[0][:_LONGEST_CAUSE]
