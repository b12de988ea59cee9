"""Checks a JSON value against the part of JSON Schema that declarations of events use.

A keyword that is not known here is refused when the declarations are read, so that no rule is passed over in silence.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from toutiao_push.errors import InvalidDeclarations, InvalidPayload
from toutiao_push.schema_rules import RULES

_ANNOTATIONS = frozenset(
    ("$schema", "$defs", "$comment", "title", "description", "default", "examples", "deprecated", "discriminator")
)
_Inner = Iterator[tuple[Any, Any, str]]  # a part of a value, its schema and its path


def check(value: object, schema: Mapping[str, Any], *, path: str) -> None:
    """Raise InvalidPayload, with the path of what does not fit. The schema has passed `check_schema`."""
    _check(value, schema, path, schema.get("$defs", {}))


def check_schema(schema: Any, *, path: str, definitions: Mapping[str, Any] | None = None) -> None:
    """Raise InvalidDeclarations where a schema has a rule that `check` does not know."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        raise InvalidDeclarations(f"{path}: should be a schema")
    known = schema.get("$defs", {}) if definitions is None else definitions
    for keyword, rule in schema.items():
        place = f"{path}.{keyword}"
        if keyword == "$ref":
            if _definition(rule) not in known:
                raise InvalidDeclarations(f"{place}: {rule!r} is not defined")
        elif keyword in ("properties", "$defs"):
            for name, inner in rule.items():
                check_schema(inner, path=f"{place}.{name}", definitions=known)
        elif keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
            for n, inner in enumerate(rule):
                check_schema(inner, path=f"{place}[{n}]", definitions=known)
        elif keyword in ("items", "additionalProperties", "propertyNames"):
            check_schema(rule, path=place, definitions=known)
        elif keyword not in _ANNOTATIONS and keyword not in RULES:
            raise InvalidDeclarations(f"{place}: this package does not know the keyword; a newer one may")


def _check(value: Any, schema: Any, path: str, definitions: Mapping[str, Any]) -> None:
    if schema is False:
        raise InvalidPayload(path, "is not allowed")
    if isinstance(schema, bool):
        return
    for keyword, rule in schema.items():
        if keyword == "$ref":
            _check(value, definitions[_definition(rule)], path, definitions)
        elif keyword in RULES:
            if reason := RULES[keyword](value, rule):
                raise InvalidPayload(path, reason)
        elif keyword in _CHOICES:
            _CHOICES[keyword](value, rule, path, definitions)
        elif keyword in _PARTS:
            for part, inner, inner_path in _PARTS[keyword](value, schema, path):
                _check(part, inner, inner_path, definitions)


def _fits(value: Any, schema: Any, path: str, definitions: Mapping[str, Any]) -> bool:
    try:
        _check(value, schema, path, definitions)
    except InvalidPayload:
        return False
    return True


def _any_of(value: Any, schemas: Any, path: str, definitions: Mapping[str, Any]) -> None:
    others = [schema for schema in schemas if schema != {"type": "null"}]
    if len(others) == 1 and value is not None:
        _check(value, others[0], path, definitions)  # its error says more than that nothing fits
    elif not any(_fits(value, schema, path, definitions) for schema in schemas):
        raise InvalidPayload(path, "is of none of the allowed kinds")


def _one_of(value: Any, schemas: Any, path: str, definitions: Mapping[str, Any]) -> None:
    if sum(_fits(value, schema, path, definitions) for schema in schemas) != 1:
        raise InvalidPayload(path, "is not of exactly one of the allowed kinds")


def _all_of(value: Any, schemas: Any, path: str, definitions: Mapping[str, Any]) -> None:
    for schema in schemas:
        _check(value, schema, path, definitions)


def _properties(value: Any, schema: Mapping[str, Any], path: str) -> _Inner:
    if isinstance(value, dict):
        for name, inner in schema["properties"].items():
            if name in value:
                yield value[name], inner, f"{path}.{name}"


def _additional_properties(value: Any, schema: Mapping[str, Any], path: str) -> _Inner:
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in schema.get("properties", {}):
                yield part, schema["additionalProperties"], f"{path}.{name}"


def _property_names(value: Any, schema: Mapping[str, Any], path: str) -> _Inner:
    if isinstance(value, dict):
        for name in value:
            yield name, schema["propertyNames"], f"{path}.{name}"


def _items(value: Any, schema: Mapping[str, Any], path: str) -> _Inner:
    if isinstance(value, list | tuple):
        first = len(schema.get("prefixItems", ()))
        for n, part in enumerate(value[first:], first):
            yield part, schema["items"], f"{path}[{n}]"


def _prefix_items(value: Any, schema: Mapping[str, Any], path: str) -> _Inner:
    if isinstance(value, list | tuple):
        for n, (part, inner) in enumerate(zip(value, schema["prefixItems"], strict=False)):
            yield part, inner, f"{path}[{n}]"


_CHOICES: dict[str, Callable[[Any, Any, str, Mapping[str, Any]], None]] = {
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
}
_PARTS: dict[str, Callable[[Any, Mapping[str, Any], str], _Inner]] = {
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "items": _items,
    "prefixItems": _prefix_items,
}


def _definition(reference: object) -> str:
    return str(reference).removeprefix("#/$defs/")
