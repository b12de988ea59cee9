"""Writes a new event: its declaration, a test, and its row in docs/events.md."""

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import event_documents, event_files, group_texts, texts
from core.declarations import DeclarationError, Event

_TYPES = {"text": ("str", "text"), "integer": ("int", 7), "number": ("float", 0.5), "boolean": ("bool", True)}
TYPES = tuple(_TYPES)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is asked for: `fields` are types by name, `about` says when it happens.

    `group_text` is one English text, or a text for each plural category.
    """

    name: str
    fields: dict[str, str]
    text: str
    about: str
    group: str | None = None
    group_text: str | dict[str, str] | None = None


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
    table = {
        "text": _english(asked.text),
        "group": asked.group,
        "group_text": {} if asked.group_text is None else _english(asked.group_text),
        "fields": asked.fields,
        "description": asked.about,
    }
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
        f"{_group(asked)}"
        "):\n"
        f'    """{asked.about}"""\n' + (f"\n{fields}" if fields else "")
    )


def _group(asked: NewEvent) -> str:
    group = "" if asked.group is None else f"    group={_quoted(asked.group)},\n"
    if asked.group_text is None:
        return group
    language = _quoted(texts.DEFAULT_LANGUAGE)
    if isinstance(asked.group_text, str):
        return group + f"    group_text={{{language}: {_quoted(asked.group_text)}}},\n"
    forms = "".join(
        f"            {_quoted(plural)}: {_quoted(template)},\n" for plural, template in asked.group_text.items()
    )
    return group + f"    group_text={{\n        {language}: {{\n{forms}        }},\n    }},\n"


def _test(event: type[Event], asked: NewEvent, module: str, slug: str) -> str:
    data = {name: _TYPES[kind][1] for name, kind in asked.fields.items()}
    by_ann = {**data, "user_id": 1, "user_name": "Ann"}
    return f'''"""The event `{asked.name}`: what it takes, and what users read."""

from {module} import {event.__name__}
from core import events, {"group_texts, " if asked.group_text else ""}texts


def test_text_of_{slug}() -> None:
    data = events.validate({_quoted(asked.name)}, {_dict(data)})

    text = texts.text_for({event.__name__}.declaration.text, {{**data, "user_id": 1, "user_name": "Ann"}}, ["en"])

    assert text == {_quoted(texts.fill(asked.text, by_ann, texts.DEFAULT_LANGUAGE))}
''' + (_group_test(event, by_ann, slug) if asked.group_text else "")


def _group_test(event: type[Event], by_ann: dict[str, object], slug: str) -> str:
    name, templates = event.__name__, event.declaration.group_text
    shown = group_texts.text_for(templates, by_ann, 3, [texts.DEFAULT_LANGUAGE]) or ""
    return f"""

def test_group_text_of_{slug}() -> None:
    data = {_dict(by_ann)}

    text = group_texts.text_for({name}.declaration.group_text, data, 3, ["en"])

    assert text == {_quoted(shown)}
"""


def _dict(data: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{_quoted(name)}: {_literal(value)}" for name, value in data.items()) + "}"


def _literal(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else repr(value)


def _english(text: Any) -> dict[str, Any]:
    return {texts.DEFAULT_LANGUAGE: text}


def _quoted(text: str) -> str:
    """Return a literal with double quotes. What JSON escapes, Python reads alike."""
    return json.dumps(text, ensure_ascii=False)
