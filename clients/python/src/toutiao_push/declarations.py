"""The events of the server, as `flask events export` writes them: which there are, and which data each has."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toutiao_push import json_schema
from toutiao_push.errors import InvalidDeclarations, InvalidPayload, UnknownEvent

Source = str | os.PathLike[str] | Mapping[str, Any]

VERSION = 1  # of the exported document
RESERVED = frozenset({"id", "offset", "user_id", "user_name", "user_photo", "timestamp", "silent"})
LARGEST_DATA = 16 * 1024  # bytes of JSON
DEEPEST_DATA = 16  # levels of nested dicts and lists; the outermost is level 1


class Declarations:
    """The events by name and by former name. Raise InvalidDeclarations where the source has none that are usable."""

    def __init__(self, source: Source) -> None:
        """`source` is the path of the exported file, or what it holds."""
        self._schemas: dict[str, Mapping[str, Any]] = {}
        for name, declaration in _events(source).items():
            for known in (name, *declaration["former_names"]):
                self._schemas[known] = declaration["schema"]

    def encode(self, event: str, data: Mapping[str, object] | None) -> str | None:
        """Return the data of a new notification as JSON, or None for none; raise UnknownEvent or InvalidPayload."""
        schema = self._schemas.get(event) if isinstance(event, str) else None
        if schema is None:
            raise UnknownEvent(event)
        text = None if data is None else _encode(data)
        json_schema.check({} if data is None else data, schema, path="data")
        return text


def _encode(data: object) -> str:
    if not isinstance(data, dict):
        raise InvalidPayload("data", f"should be a dict, and is a {type(data).__name__}")
    if reserved := RESERVED & data.keys():
        raise InvalidPayload(f"data.{min(reserved)}", "is a reserved key")
    _check_value(data, "data", depth=1)
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidPayload("data", "should have no lone surrogates") from None
    if size > LARGEST_DATA:
        raise InvalidPayload("data", f"should have {LARGEST_DATA} bytes at most, and has {size}")
    return text


def _check_value(value: object, path: str, *, depth: int) -> None:
    if isinstance(value, dict | list | tuple):
        if depth > DEEPEST_DATA:
            raise InvalidPayload(path, f"is nested deeper than {DEEPEST_DATA} levels")
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(value, dict) and not isinstance(name, str):
                raise InvalidPayload(path, f"has a key that is a {type(name).__name__}, and should be a text")
            _check_value(inner, f"{path}.{name}" if isinstance(value, dict) else f"{path}[{name}]", depth=depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidPayload(path, f"is {value}, which is not a JSON number")
    elif isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise InvalidPayload(path, "should be an integer of 64 bits")
    elif value is not None and not isinstance(value, str | int | float):
        raise InvalidPayload(path, f"is a {type(value).__name__}, which JSON does not have")


def _events(source: Source) -> Mapping[str, Mapping[str, Any]]:
    exported = source if isinstance(source, Mapping) else _read(Path(source))
    version = exported.get("version") if isinstance(exported, Mapping) else None
    if version != VERSION:
        raise InvalidDeclarations(f"should be what `flask events export` writes, of version {VERSION}, not {version!r}")
    events = exported["events"]
    for name, event in events.items():
        json_schema.check_schema(event["schema"], path=f"event {name!r}")
    return events  # type: ignore[no-any-return]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidDeclarations(f"{path} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidDeclarations(f"{path} is not JSON: {error}") from error
