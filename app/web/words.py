"""The page's own words in each language. Those of the list are in clients/js, those of events in their declarations."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import request

from core import texts

COOKIE = "language"  # what the reader chose on the page, before what the browser prefers
NAMES = {"en": "English", "zh": "中文"}  # of the languages, each in itself
_FOLDER = Path(__file__).with_name("words")


def choose_language() -> str:
    """Return the language of this request, among those of the page."""
    wanted = [request.cookies.get(COOKIE, ""), *request.accept_languages.values()]
    return texts.choose(NAMES, wanted) or texts.DEFAULT_LANGUAGE


@cache
def of(language: str) -> dict[str, Any]:
    """Return the words of a language. A word with a number has one text for each plural form."""
    words: dict[str, Any] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return words
