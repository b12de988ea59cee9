"""Declares the events of a TOML file, for apps without Python. docs/events.md has an example."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, create_model

from core.declarations import DeclarationError, Event

TYPES: dict[str, Any] = {
    "text": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "list": list[JsonValue],
    "object": dict[str, JsonValue],
}


class _FieldTable(BaseModel):
    """A field that is more than a type: without a default it is required."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: str
    default: JsonValue = None


@cache
def load(path: Path) -> tuple[type[Event], ...]:
    """Declare the events of a file, once in a process. Raise DeclarationError, which names the file and the event."""
    try:
        content = tomllib.loads(path.read_text())
    except OSError as error:
        raise DeclarationError(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise DeclarationError(f"{path} is not TOML: {error}") from None
    tables = content.get("events")
    if not isinstance(tables, dict) or content.keys() != {"events"}:
        raise DeclarationError(f'{path} should have only tables such as [events."liking notify"]')
    try:
        return tuple(declare(name, table) for name, table in tables.items())
    except DeclarationError as error:
        raise DeclarationError(str(error)) from None


def declare(name: str, table: object) -> type[Event]:
    """Declare one event: the options of a declaration, and `fields`. Raise DeclarationError."""
    if not isinstance(table, dict):
        raise DeclarationError(f"event {name!r}: should be a table")
    options = dict(table)
    fields = options.pop("fields", {})
    if "name" in options:
        raise DeclarationError(f"event {name!r}: its name is that of its table; it should have no option of this name")
    if not isinstance(fields, dict):
        raise DeclarationError(f"event {name!r}: fields should be a table of names and types")
    made = {field: _field(name, field, given) for field, given in fields.items()}
    doc = options.pop("description", None)
    given = {"name": name, **options}
    return create_model(class_name(name), __base__=Event, __cls_kwargs__=given, __doc__=doc, **made)


def class_name(name: str) -> str:
    """Return what the class of an event is called: LikingNotify for "liking notify"."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"\W+|_", name)) or "Unnamed"


def _field(event: str, field: str, given: object) -> Any:
    where = f"event {event!r}: field {field!r}"
    table = {"type": given} if isinstance(given, str) else given
    try:
        asked = _FieldTable.model_validate(table)
    except ValidationError as error:
        what = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors())
        raise DeclarationError(f"{where}: should be a type, or a table of type and default: {what}") from None
    if not field.isidentifier() or field.startswith("_"):
        raise DeclarationError(f"{where}: should be a name of letters, digits and _ that begins with a letter")
    if asked.type not in TYPES:
        raise DeclarationError(f"{where}: its type {asked.type!r} should be one of {', '.join(TYPES)}")
    kind = TYPES[asked.type]
    if "default" not in asked.model_fields_set:
        return (kind, ...)
    try:
        create_model("Default", __config__=ConfigDict(strict=True), value=(kind, ...))(value=asked.default)
    except ValidationError:
        raise DeclarationError(f"{where}: its default is no {asked.type}") from None
    return (kind, asked.default)
