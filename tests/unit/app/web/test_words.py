"""The page's words are complete in each language, and the page is in the reader's."""

import re

import pytest
from flask.testing import FlaskClient

from app.web import words
from tests.system import ROOT

WEB = ROOT / "app/web"
PLACEHOLDER = re.compile(r"\{\w+\}")


def texts_of(word: str | dict[str, str]) -> list[str]:
    return [word] if isinstance(word, str) else list(word.values())


def used_words() -> set[str]:
    paths = [path for folder in (".", "settings") for path in (WEB / "static" / folder).glob("*.js")]
    scripts = "".join(path.read_text() for path in paths)
    template = (WEB / "templates/index.html").read_text()
    chosen = {word for pair in re.findall(r'word\(\w+ \? "(\w+)" : "(\w+)"', scripts) for word in pair}
    return chosen | set(re.findall(r'word\("([\w-]+)"', scripts)) | set(re.findall(r"\bwords\.(\w+)", template))


@pytest.mark.parametrize("language", words.NAMES)
def test_each_language_has_the_same_words_with_the_same_placeholders(language: str) -> None:
    english, own = words.of("en"), words.of(language)

    assert list(own) == sorted(english)
    for name, word in own.items():
        for text in texts_of(word):
            assert text
            assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(texts_of(english[name])[-1])), name
        assert isinstance(word, str) or "other" in word


def test_no_word_is_missing_and_none_is_unused() -> None:
    prefixes = ("connection_", "error_", "category_", "event_", "field_", "wrong_")
    computed = {name for name in words.of("en") if name.startswith(prefixes)}

    assert used_words() | computed == set(words.of("en"))


@pytest.mark.parametrize(
    ("accepted", "chosen", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", None, "zh"),
        ("fr,zh;q=0.5", None, "zh"),
        ("fr", None, "en"),
        ("", None, "en"),
        ("zh", "en", "en"),
        ("en", "zh", "zh"),
        ("zh", "../../etc", "zh"),
    ],
)
def test_page_is_in_the_language_of_the_reader(
    client: FlaskClient, accepted: str, chosen: str | None, language: str
) -> None:
    if chosen is not None:
        client.set_cookie(words.COOKIE, chosen)
    answer = client.get("/", headers={"Accept-Language": accepted})

    assert f'<html lang="{language}">' in answer.text
    assert words.of(language)["welcome"] in answer.text
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))


def test_texts_of_events_are_in_the_language_of_the_page(client: FlaskClient) -> None:
    assert "关注了你" in client.get("/", headers={"Accept-Language": "zh"}).text
