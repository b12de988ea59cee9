"""The rules of JSON Schema that look at one value alone. Each returns what is wrong, or None."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

Reason = str | None
Rule = Callable[[Any, Any], Reason]  # of a value, and of what the schema has under the keyword


def _date_time(text: str) -> datetime:
    if len(text) <= len("2026-11-28T"):
        raise ValueError("without a time of day")
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


_TYPES: dict[str, Callable[[object], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list | tuple),
    "object": lambda value: isinstance(value, dict),
}
# Other formats are left to the worker, which checks each notification again.
_FORMATS: dict[str, Callable[[str], object]] = {
    "uuid": UUID,
    "date": date.fromisoformat,
    "date-time": _date_time,
}


def _type(value: Any, rule: Any) -> Reason:
    names = [rule] if isinstance(rule, str) else rule
    if any(_TYPES[name](value) for name in names):
        return None
    return f"should be of type {' or '.join(names)}, and is a {type(value).__name__}"


def same(one: Any, other: Any) -> bool:
    """Compare as JSON does: true is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _enum(value: Any, rule: Any) -> Reason:
    if any(same(value, allowed) for allowed in rule):
        return None
    return f"should be one of {', '.join(map(repr, rule))}"


def _const(value: Any, rule: Any) -> Reason:
    return None if same(value, rule) else f"should be {rule!r}"


def _required(value: Any, rule: Any) -> Reason:
    missing = [name for name in rule if isinstance(value, dict) and name not in value]
    return f"lacks {', '.join(missing)}" if missing else None


def _unique_items(value: Any, rule: Any) -> Reason:
    if not rule or not _TYPES["array"](value):
        return None
    is_repeated = any(same(one, earlier) for n, one in enumerate(value) for earlier in value[:n])
    return "should have each item once" if is_repeated else None


def _pattern(value: Any, rule: Any) -> Reason:
    return f"should match {rule}" if isinstance(value, str) and not re.search(rule, value) else None


def _format(value: Any, rule: Any) -> Reason:
    if isinstance(value, str) and rule in _FORMATS:
        try:
            _FORMATS[rule](value)
        except ValueError:
            return f"should be a {rule}"
    return None


def _multiple_of(value: Any, rule: Any) -> Reason:
    return f"should be a multiple of {rule}" if _TYPES["number"](value) and value % rule else None


def _bound(reason: str, is_about: Callable[[Any], bool], fits: Callable[[Any, Any], bool]) -> Rule:
    """Return a rule for a bound. It leaves alone what it is not about."""
    return lambda value, rule: reason.format(rule) if is_about(value) and not fits(value, rule) else None


RULES: dict[str, Rule] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "uniqueItems": _unique_items,
    "pattern": _pattern,
    "format": _format,
    "multipleOf": _multiple_of,
    "minLength": _bound("should have {} characters or more", _TYPES["string"], lambda v, n: len(v) >= n),
    "maxLength": _bound("should have {} characters at most", _TYPES["string"], lambda v, n: len(v) <= n),
    "minItems": _bound("should have {} items or more", _TYPES["array"], lambda v, n: len(v) >= n),
    "maxItems": _bound("should have {} items at most", _TYPES["array"], lambda v, n: len(v) <= n),
    "minProperties": _bound("should have {} keys or more", _TYPES["object"], lambda v, n: len(v) >= n),
    "maxProperties": _bound("should have {} keys at most", _TYPES["object"], lambda v, n: len(v) <= n),
    "minimum": _bound("should be {} or more", _TYPES["number"], lambda v, n: bool(v >= n)),
    "maximum": _bound("should be {} at most", _TYPES["number"], lambda v, n: bool(v <= n)),
    "exclusiveMinimum": _bound("should be more than {}", _TYPES["number"], lambda v, n: bool(v > n)),
    "exclusiveMaximum": _bound("should be less than {}", _TYPES["number"], lambda v, n: bool(v < n)),
}
