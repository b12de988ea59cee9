"""The least version of each service that is new enough, and the text about an older one."""

import re

LEAST = {
    "Redis": (7, 0),  # ENTRIESADDED of XSETID, entries-added of XINFO, LT of EXPIRE; every Valkey is later
    "RabbitMQ": (3, 10),  # before, messages in a quorum queue never expire
    "PostgreSQL": (10, 0),  # psycopg needs it; the statements here need 9.6
}

_VERSION = re.compile(r"(\d+)(?:\.(\d+))?")


def shortfall(service: str, version: str) -> str | None:
    """Return a short text about a version that is too old; None if it is new enough, or is no version."""
    found = _VERSION.match(version)
    least = LEAST[service]
    if not found or (int(found[1]), int(found[2] or 0)) >= least:
        return None
    return f"it is {service} {version}, and {least[0]}.{least[1]} or later is needed"
