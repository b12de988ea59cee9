"""Addresses of services that Kubernetes and Docker put into every environment, under names that are ours.

A service named `api` is announced as API_PORT=tcp://10.0.0.1:5000, where we expect a number.
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import TypeVar

V = TypeVar("V")

_ADDRESS = re.compile(r"(?:tcp|udp|sctp)://")


def without(given: Mapping[str, V]) -> dict[str, V]:
    """Return what is given but for ports that are such an address: these are passed over, as if they were not set."""
    return {name: value for name, value in given.items() if not _is_link(name, value)}


def remove(environ: MutableMapping[str, str]) -> None:
    """Take them out of an environment, for a library that reads it by itself."""
    for name in environ.keys() - without(environ).keys():
        del environ[name]


def _is_link(name: str, value: object) -> bool:
    return name.upper().endswith("_PORT") and isinstance(value, str) and _ADDRESS.match(value) is not None
