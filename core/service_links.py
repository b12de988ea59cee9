"""Ignore the service addresses that Kubernetes and Docker put into every environment under names of our settings.

For a service named `api` they set API_PORT=tcp://10.0.0.1:5000, where we expect a number.
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import TypeVar

V = TypeVar("V")

_ADDRESS = re.compile(r"(?:tcp|udp|sctp)://")


def without(given: Mapping[str, V]) -> dict[str, V]:
    """Return the given settings without each port that holds such an address: it counts as not set."""
    return {name: value for name, value in given.items() if not _is_link(name, value)}


def remove(environ: MutableMapping[str, str]) -> None:
    """Remove these addresses from an environment, for a library that reads the environment itself."""
    for name in environ.keys() - without(environ).keys():
        del environ[name]


def _is_link(name: str, value: object) -> bool:
    return name.upper().endswith("_PORT") and isinstance(value, str) and _ADDRESS.match(value) is not None
