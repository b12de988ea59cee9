"""Writes a new event: its declaration, a test, and its row in docs/events.md."""

import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path

from core import event_documents, event_files, texts
from core.declarations import DeclarationError, Event

_TYPES = {"text": ("str", "text"), "integer": ("int", 7), "number": ("float", 0.5), "boolean": ("bool", True)}
TYPES = tuple(_TYPES)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is asked for: `fields` are types by name, `about` says when it happens."""

    name: str
    fields: dict[str, str]
    text: str
    about: str


def write(asked: NewEvent, *, module: str, root: Path) -> list[Path]:
    """Write the event into a module of the project at `root`; return the files. Raise DeclarationError."""
    if not asked.about.isprintable() or set(asked.about) & set('"\\'):
        raise DeclarationError("what says when it happens should be one line, without double quotes and backslashes")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise DeclarationError(f"{module} has no file")
    slug = re.sub(r"\W+", "_", asked.name).strip("_").lower()
    code, page = Path(spec.origin), root / "docs/events.md"
    test = root / "tests/unit" / module.partition(".")[0] / f"test_{slug}.py"
    if test.exists():
        raise DeclarationError(f"{test} exists already")
    table = {"text": {texts.DEFAULT_LANGUAGE: asked.text}, "fields": asked.fields, "description": asked.about}
    event = event_files.declare(asked.name, table)  # it refuses what is wrong before anything is written
    code.write_text(f"{code.read_text().rstrip()}\n\n\n{_class(event, asked)}")
    test.parent.mkdir(parents=True, exist_ok=True)
    test.write_text(_test(event, asked, module, slug))
    event_documents.write_page(page)
    return [code, test, page]


def _class(event: type[Event], asked: NewEvent) -> str:
    fields = "".join(f"    {name}: {_TYPES[kind][0]}\n" for name, kind in asked.fields.items())
    return (
        f"class {event.__name__}(\n"
        "    Event,\n"
        f"    name={_quoted(asked.name)},\n"
        f"    text={{{_quoted(texts.DEFAULT_LANGUAGE)}: {_quoted(asked.text)}}},\n"
        "):\n"
        f'    """{asked.about}"""\n' + (f"\n{fields}" if fields else "")
    )


def _test(event: type[Event], asked: NewEvent, module: str, slug: str) -> str:
    data = {name: _TYPES[kind][1] for name, kind in asked.fields.items()}
    shown = texts.fill(asked.text, {**data, "user_id": 1, "user_name": "Ann"}, texts.DEFAULT_LANGUAGE)
    values = ", ".join(f"{_quoted(name)}: {_literal(value)}" for name, value in data.items())
    return f'''"""The event `{asked.name}`: what it takes, and what users read."""

from {module} import {event.__name__}
from core import events, texts


def test_text_of_{slug}() -> None:
    data = events.validate({_quoted(asked.name)}, {{{values}}})

    text = texts.text_for({event.__name__}.declaration.text, {{**data, "user_id": 1, "user_name": "Ann"}}, ["en"])

    assert text == {_quoted(shown)}
'''


def _literal(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    """Return a literal with double quotes. What JSON escapes, Python reads alike."""
    return json.dumps(text, ensure_ascii=False)
