"""Commands for who writes events: `flask --app app.wsgi events ...`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from flask import current_app
from flask.cli import AppGroup

from app.api import new_event
from app.api.state import state
from core import event_documents, events, group_texts, texts, type_declarations
from core.declarations import DeclarationError

T = TypeVar("T")

_PLURALS = tuple(f"{plural}:" for plural in group_texts.plurals_of(texts.DEFAULT_LANGUAGE))

group = AppGroup("events", help="The events that users are notified of.")


@group.command("list")
def list_events() -> None:
    """List the declared events: name, category, fields, and where each is declared."""
    rows = [("event", "category", "fields", "declared by")]
    for event in events.declared():
        options, fields = event.declaration, ", ".join(event.model_fields)
        rows.append((options.name, options.category, fields or "-", f"{event.__module__}.{event.__qualname__}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


@group.command()
def export() -> None:
    """Print all declarations as one JSON document, with a JSON Schema of each event's data."""
    click.echo(json.dumps(event_documents.export(), indent=2, ensure_ascii=False))


@group.command()
def types() -> None:
    """Print events.d.ts: the payload of each event, for TypeScript."""
    click.echo(type_declarations.declare_types(), nl=False)


@group.command()
def docs() -> None:
    """Write the list of events in docs/events.md."""
    _or_fail(lambda: event_documents.write_page(_root() / "docs/events.md"))


@group.command()
@click.argument("name")
@click.option("--field", "fields", multiple=True, metavar="NAME:TYPE", help=f"TYPE is {', '.join(new_event.TYPES)}.")
@click.option("--text", required=True, help="What users read, such as '{user_name} waves at you'.")
@click.option("--group", "key", metavar="TEMPLATE", help="Gather those with the same filled text into one row.")
@click.option(
    "--group-text",
    "key_texts",
    multiple=True,
    metavar="[PLURAL:]TEMPLATE",
    help="What users read of several people: one text, or one for each plural category.",
)
@click.option("--about", default="Say here when it happens.", help="When it happens, in a sentence.")
def new(
    *, name: str, fields: tuple[str, ...], text: str, key: str | None, key_texts: tuple[str, ...], about: str
) -> None:
    """Write a new event: the declaration, a test, and its row in docs/events.md."""
    module = state.settings.events[0]
    if module.endswith(".toml"):
        raise click.ClickException(f"write the event into {module}; docs/events.md has an example")
    asked = new_event.NewEvent(name, dict(_field(field) for field in fields), text, about, key, _group_text(key_texts))
    for path in _or_fail(lambda: new_event.write(asked, module=module, root=_root())):
        click.echo(f"wrote {path.relative_to(_root())}")


def _field(given: str) -> tuple[str, str]:
    name, _, kind = given.partition(":")
    if kind not in new_event.TYPES:
        raise click.BadParameter(f"{given!r} should be NAME:TYPE, with a TYPE of {', '.join(new_event.TYPES)}")
    return name, kind


def _group_text(given: tuple[str, ...]) -> str | dict[str, str] | None:
    """Return one text, or a text for each plural category."""
    forms = dict(template.split(":", 1) for template in given if template.startswith(_PLURALS))
    if len(forms) == len(given):
        return forms or None
    if len(given) == 1:
        return given[0]
    listed = " and ".join(plural.removesuffix(":") for plural in _PLURALS)
    raise click.BadParameter(f"--group-text should be one text, or one for each of {listed}")


def _root() -> Path:
    return Path(current_app.root_path).parent


def _or_fail(act: Callable[[], T]) -> T:
    try:
        return act()
    except DeclarationError as error:
        raise click.ClickException(str(error)) from None
