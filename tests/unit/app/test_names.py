"""Names are visible and distinguishable, in every script."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import names

_SEEN = [
    "Ann",
    "Ann Lee",
    "张伟",
    "Özil",
    "Nguyễn Văn",
    "O'Neill-Smith, Jr.",
    "Anna \u041a\u0430\u0440\u043b",  # a word of each alphabet
    "\u5f20Wei \u30a2\u30f3\u30caAnna",  # scripts that nobody takes for Latin
    "Мария",
    "محمد",
    "می\u200cخواهم",  # noqa: RUF001  (Persian, whose non-joiner changes what the word looks like)
    "क्\u200dष",  # Hindi, with a joiner after the virama
    "ශ්\u200dරී",  # Sinhala
    "ทดสอบที่",
    "བོད་སྐད",
    "👩\u200d👩\u200d👧\u200d👦",
    "Bob ❤\ufe0f\u200d🔥",
    "👍🏽",
    "🇩🇪",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # the flag of Scotland
    "1\ufe0f\u20e3",
    "\u09b0\u200d\u09cd\u09af",  # Bengali ya-phalaa
    "\u1830\u1820\u1837\u180e\u1820",  # Mongolian, with a vowel separator
    "\u6e21\u9089\U000e0102",  # Japanese, with a variant of an ideograph
    "©\ufe0f",
]

_NOT_SEEN = {
    "nothing": "",
    "spaces": " \u3000\u00a0",
    "NUL": "a\0b",
    "line feed": "a\nb",
    "tab": "a\tb",
    "right-to-left override": "a\u202eb",
    "isolate": "a\u2067b",
    "right-to-left mark": "a\u200fb",
    "zero-width space": "a\u200bb",
    "byte order mark": "\ufeffann",
    "soft hyphen": "a\u00adb",
    "word joiner": "a\u2060b",
    "joiner between letters that do not join": "a\u200db",
    "non-joiner between letters that do not join": "a\u200cb",
    "joiner at the end": "👩\u200d",
    "variation selector without an emoji": "a\ufe0f",
    "tags without a flag": "ann\U000e0067\U000e007f",
    "Hangul filler": "\u3164",
    "half-width Hangul filler": "\uffa0",
    "Hangul choseong filler": "a\u115f",
    "empty cell of Braille": "\u2800",
    "combining grapheme joiner": "a\u034fb",
    "line separator": "a\u2028b",
    "private use": "a\ue000",
    "unassigned": "a\U000e0fff",
    "noncharacter": "a\uffff",
    "a surrogate": "a\ud800",
    "a mark on nothing": "\u0301ann",
    "a mark on a space": "ann \u0301",
    "many marks": "a" + "\u0316\u0317\u0318\u0319\u031c",
    "a Cyrillic letter in a Latin word": "\u0410dmin",
    "a Greek letter in a Latin word": "p\u03b1ypal",
    "a Latin letter in a Cyrillic word": "M\u0430\u0440\u0438\u044f",
    "too long": "x" * 65,
    "too long in the form that is kept": "\ufdfa" * 4,  # 18 characters each
}


@pytest.mark.parametrize("name", _SEEN)
def test_names_of_all_scripts_and_emoji_are_accepted(name: str) -> None:
    assert names.clean(name) == unicodedata.normalize("NFKC", name)


@pytest.mark.parametrize("name", _NOT_SEEN.values(), ids=_NOT_SEEN.keys())
def test_invisible_name_is_refused(name: str) -> None:
    with pytest.raises(names.InvalidName, match="Should"):
        names.clean(name)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("alice ", "alice"),
        ("  alice", "alice"),
        ("Ann \u00a0 Lee", "Ann Lee"),
        ("e\u0301va", "éva"),
        ("\uff21\uff4e\uff4e", "Ann"),  # full-width letters
        ("\ufb01nn", "finn"),
        ("O\u00b4Brien", "O\u2019Brien"),
        ("Ann\u2122\ufe0f", "AnnTM"),
        ("\u3297\ufe0f", "\u795d"),
        ("\u05d3\u05e0\u200f", "\u05d3\u05e0"),
        ("\u0627\u0645\u06cc\u0631\u200c\u062d\u0633\u06cc\u0646", "\u0627\u0645\u06cc\u0631\u062d\u0633\u06cc\u0646"),
    ],
)
def test_names_that_look_the_same_have_one_form(typed: str, kept: str) -> None:
    assert names.clean(typed) == kept


@given(st.text(max_size=80))
def test_normalized_name_stays_as_it_is(text: str) -> None:
    try:
        name = names.clean(text)
    except names.InvalidName:
        return
    assert names.clean(name) == name == name.strip()
    assert 1 <= len(name) <= 64


@pytest.mark.parametrize(
    ("one", "other"), [("Ann", "aNN "), ("Straße", "STRASSE"), ("ÉVA", "e\u0301va"), ("ΣΊΣΥΦΟΣ", "σίσυφος")]
)
def test_names_that_differ_in_case_have_one_key(one: str, other: str) -> None:
    assert names.key(one) == names.key(other)


def test_different_letters_have_different_keys() -> None:
    assert len({names.key(name) for name in ("Ann", "Änn", "Anna", "张伟")}) == 4


@given(st.text(max_size=names.LONGEST))
def test_key_of_every_name_fits_its_column(text: str) -> None:
    try:
        name = names.clean(text)
    except names.InvalidName:
        return
    assert len(names.key(name)) <= 255
