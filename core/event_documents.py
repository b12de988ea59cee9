"""The declarations as one document, for programs in other languages and in other processes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.declarations import DeclarationError, Event, declared
from core.texts import DEFAULT_LANGUAGE

VERSION = 1
BEGIN, END = "<!-- events: begin -->", "<!-- events: end -->"


def export() -> dict[str, Any]:
    """Return all declarations: what JSON can hold of each, by the name of the event."""
    return {"version": VERSION, "events": {event.declaration.name: _exported(event) for event in declared()}}


def schema_of(event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema of the data that a new notification has."""
    return event.model_json_schema()


def _exported(event: type[Event]) -> dict[str, Any]:
    options = event.declaration
    expires, push = options.expires_after, options.push_after
    return {
        "former_names": list(options.former_names),
        "category": options.category,
        "schema": schema_of(event),
        "with_actor": options.with_actor,
        "text": options.text,
        "link": options.link,
        "urgency": options.urgency,
        "required": options.required,
        "off_by_default": list(options.off_by_default),
        "group": options.group,
        "group_text": options.group_text,
        "expires_after_seconds": expires and expires.total_seconds(),
        "push_after_seconds": push and push.total_seconds(),
    }


def list_of(declarations: Iterable[type[Event]]) -> str:
    """Return a table of events in Markdown."""
    rows = (_row(event) for event in declarations)
    return "\n".join(
        [
            "| event | when | data | category | text | text of a group | link |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *rows,
        ]
    )


def write_page(page: Path) -> None:
    """Write the list of all events between the two marks of a page; raise DeclarationError where it has no marks."""
    text = page.read_text()
    if not (text.count(BEGIN) == text.count(END) == 1):
        raise DeclarationError(f"{page} should have the lines {BEGIN} and {END}")
    before, _, rest = text.partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{list_of(declared())}\n\n{END}{rest.partition(END)[2]}")


def _row(event: type[Event]) -> str:
    options = event.declaration
    fields = ", ".join(f"`{name}`: {_kind(part)}" for name, part in schema_of(event).get("properties", {}).items())
    text, link = options.text.get(DEFAULT_LANGUAGE), options.link
    of_group = options.group_text.get(DEFAULT_LANGUAGE)
    of_many = of_group["other"] if isinstance(of_group, dict) else of_group
    code = [f"`{template}`" if template else "" for template in (text, of_many, link)]
    cells = [f"`{options.name}`", event.__doc__ or "", fields, options.category, *code]
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def _kind(part: dict[str, Any]) -> str:
    return str(part.get("type", "any"))
