"""Rules for user names: others must be able to see a name, tell it from other names, and read it in a sentence.

A name is stored in Unicode's NFKC form, with single spaces inside and none around it. Characters that show nothing or
change the text around them are refused: controls, format characters, fillers, private and unassigned ones. A format
character is allowed where a script or an emoji needs it. A word of letters from several alphabets is refused.
"""

import unicodedata

import regex

SHORTEST, LONGEST = 1, 64  # characters, in the stored form
LONGEST_TYPED = (
    4 * LONGEST
)  # a letter and its accents may be separate characters; a limit, because normalizing takes time

_SPACES = regex.compile(r"\p{Zs}+")
# A direction mark at the end of a name, which copying can add, has no effect.
_ENDS = " \u200e\u200f"
# Many keyboards have this accent where people expect an apostrophe. NFKC would change it to a space and an accent.
_ACUTE, _APOSTROPHE = "\u00b4", "\u2019"
# A variation selector has no effect after a character that NFKC changes to letters, for example the trade mark sign.
_SELECTED = regex.compile(r"(.)[\uFE0E\uFE0F]")
# A non-joiner has no effect after a letter that does not join the next one.
_IDLE_NON_JOINER = regex.compile(r"(?<= \p{Joining_Type=R} \p{Joining_Type=T}* ) \u200C", regex.VERBOSE)

# Emoji as in UTS #51: joined emoji, emoji with a variation selector or a skin tone, flags, keycaps.
_EMOJI = regex.compile(
    r"""
      \U0001F3F4 [\U000E0020-\U000E007E]{1,31} \U000E007F
    | \p{Regional_Indicator}{2}
    | [0-9\#*] \uFE0F? \u20E3
    | \p{Extended_Pictographic} [\uFE0E\uFE0F\p{Emoji_Modifier}]?
        (?: \u200D \p{Extended_Pictographic} [\uFE0F\p{Emoji_Modifier}]? )*
    """,
    regex.VERBOSE,
)

# RFC 5892, appendix A.1 and A.2: a joiner or non-joiner after a virama, a non-joiner between letters that would join.
# Also: a joiner before a virama (Bengali ya-phalaa), and the variation selectors of Mongolian letters and ideographs.
_JOINERS = regex.compile(
    r"""
      (?<= \p{Canonical_Combining_Class=Virama} ) [\u200C\u200D]
    | (?<= [\p{Joining_Type=L}\p{Joining_Type=D}] \p{Joining_Type=T}* ) \u200C
      (?= \p{Joining_Type=T}* [\p{Joining_Type=R}\p{Joining_Type=D}] )
    | \u200D (?= \p{Canonical_Combining_Class=Virama} )
    | (?<= \p{Mongolian} ) [\u180B-\u180F]
    | (?<= \p{Han} ) [\uFE00-\uFE02\U000E0100-\U000E01EF]
    """,
    regex.VERBOSE,
)

# U+2800 has the category of a symbol, but looks empty.
_INVISIBLE = regex.compile(r"[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]")
# A mark needs a letter. Some scripts put a few marks on one letter; more marks cover the lines above and below.
_LONE_MARK = regex.compile(r"(?:^| )\p{M}")
_MANY_MARKS = regex.compile(r"\p{Mn}{5}|\p{Me}{2}")


# Alphabets with letters that look the same. Few words have letters of two of them, but forged names do.
_ALPHABETS = [regex.compile(rf"\p{{{name}}}") for name in ("Latin", "Cyrillic", "Greek", "Armenian", "Cherokee")]
_WORDS = regex.compile(r"[\p{L}\p{M}]+")

_SELECTORS = regex.compile(r"\p{Variation_Selector}")


class InvalidName(ValueError):
    """The message explains to the user what is wrong with the name."""


def normalize(text: str) -> str:
    """Return a text in the stored form of names. The text may be no valid name."""
    text = _SELECTED.sub(_without_idle_selector, text.replace(_ACUTE, _APOSTROPHE))
    text = _IDLE_NON_JOINER.sub("", unicodedata.normalize("NFKC", text))
    return _SPACES.sub(" ", text).strip(_ENDS)


def key(text: str) -> str:
    """Return a key that is equal for names that look the same to people: it ignores case and variants of letters."""
    return unicodedata.normalize("NFKC", _SELECTORS.sub("", normalize(text)).casefold())


def clean(text: str) -> str:
    """Return a name in its stored form; raise InvalidName."""
    name = normalize(text) if len(text) <= LONGEST_TYPED else text
    if not SHORTEST <= len(name) <= LONGEST:
        raise InvalidName(f"Should have {SHORTEST} to {LONGEST} characters, and not be blank.")
    letters = _JOINERS.sub("", _EMOJI.sub("", name))
    if _INVISIBLE.search(letters):
        raise InvalidName("Should have only characters that can be seen.")
    if _LONE_MARK.search(letters) or _MANY_MARKS.search(letters):
        raise InvalidName("Should not have accents without a letter, or many accents on one letter.")
    if any(_is_mixed(word) for word in _WORDS.findall(letters)):
        raise InvalidName("Should not mix letters of several alphabets in one word.")
    return name


def _is_mixed(word: str) -> bool:
    return sum(alphabet.search(word) is not None for alphabet in _ALPHABETS) > 1


def _without_idle_selector(found: "regex.Match[str]") -> str:
    return found[0] if unicodedata.is_normalized("NFKC", found[1]) else found[1]
