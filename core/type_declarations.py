"""The events as types for TypeScript, which the JavaScript client takes."""

import json
from collections.abc import Iterable
from typing import Any

from core import asyncapi, events, json_schemas

_BY_TYPE = {
    "integer": "number",
    "number": "number",
    "string": "string",
    "boolean": "boolean",
    "null": "null",
    "object": "Record<string, unknown>",
    "array": "unknown[]",
}


def declare_types() -> str:
    """Return the content of events.d.ts: the payload of each event, by its name."""
    notifications = {
        event.declaration.name: json_schemas.of_notification(event, definitions="{model}")
        for event in events.declared()
    }
    own: dict[str, Any] = {
        name: (json_schemas.of_type(payload), {}) for name, (payload, _) in asyncapi.TO_CLIENT.items()
    }
    return "\n".join(
        [
            "// Written by `flask events types` from the declarations of the events.",
            "",
            _interface("Notifications", "The events that users are notified of.", notifications),
            _interface("ServerEvents", "What the servers send besides.", own),
        ]
    )


def _interface(name: str, about: str, payloads: dict[str, Any]) -> str:
    lines = (f"  {json.dumps(event)}: {_type(schema, inner)};" for event, (schema, inner) in payloads.items())
    return "\n".join([f"/** {about} */", f"export interface {name} {{", *lines, "}", ""])


def _type(schema: dict[str, Any], inner: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _type(inner[schema["$ref"]], inner)
    if "const" in schema or "enum" in schema:
        return _union(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return _union(_type(option, inner) for option in options)
    kinds = schema.get("type", "unknown")
    return _union(_plain_type(kind, schema, inner) for kind in (kinds if isinstance(kinds, list) else [kinds]))


def _plain_type(kind: str, schema: dict[str, Any], inner: dict[str, Any]) -> str:
    if kind == "array" and schema.get("items"):
        return f"({_type(schema['items'], inner)})[]"
    if kind == "object" and "properties" in schema:
        required = schema.get("required", ())
        parts = (
            f"{json.dumps(name)}{'' if name in required else '?'}: {_type(part, inner)}"
            for name, part in schema["properties"].items()
        )
        return f"{{ {'; '.join(parts)} }}"
    return _BY_TYPE.get(kind, "unknown")


def _union(types: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(types))
