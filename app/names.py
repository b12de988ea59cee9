"""What people may call themselves: text that others can see, tell apart and read in a sentence.

Unicode's NFKC form, with single spaces inside and none around. Refused are characters that show nothing, or change
what stands around them: controls, format characters, fillers, private and unassigned ones. Format characters that a
script or an emoji needs stay possible where it needs them.
"""

import unicodedata

import regex

SHORTEST, LONGEST = 1, 64  # characters, in the form that is kept
LONGEST_TYPED = 4 * LONGEST  # a letter and its accents may come one by one; normalizing costs time for much longer ones

_SPACES = regex.compile(r"\p{Zs}+")
# Left and right at the ends of a name, as copying brings them along, order nothing.
_ENDS = " \u200e\u200f"
# The accent that many keyboards have for an apostrophe. NFKC would make a space of it, with an accent on nothing.
_ACUTE, _APOSTROPHE = "\u00b4", "\u2019"
# A selector behind what NFKC turns into letters (as the sign of a trade mark) selects nothing any more.
_SELECTED = regex.compile(r"(.)[\uFE0E\uFE0F]")
# Behind a letter that does not join the next one, a non-joiner changes nothing.
_IDLE_NON_JOINER = regex.compile(r"(?<= \p{Joining_Type=R} \p{Joining_Type=T}* ) \u200C", regex.VERBOSE)

# Emoji as UTS #51 writes them: joined ones, with a variation selector or a skin tone, flags, keycaps.
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
# Beyond it: a joiner before a virama (Bengali ya-phalaa), and the selectors of Mongolian letters and of ideographs.
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

# U+2800 is a symbol by its category, and an empty cell by its look.
_INVISIBLE = regex.compile(r"[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]")
# Marks stand on a letter. Scripts that stack them need a few; more than these run over the lines around them.
_LONE_MARK = regex.compile(r"(?:^| )\p{M}")
_MANY_MARKS = regex.compile(r"\p{Mn}{5}|\p{Me}{2}")


_SELECTORS = regex.compile(r"\p{Variation_Selector}")


class InvalidName(ValueError):
    """The message says what is wrong, in words for who chose the name."""


def normalize(text: str) -> str:
    """Return a text in the form that names are kept in, whether or not it can be one."""
    text = _SELECTED.sub(_without_idle_selector, text.replace(_ACUTE, _APOSTROPHE))
    text = _IDLE_NON_JOINER.sub("", unicodedata.normalize("NFKC", text))
    return _SPACES.sub(" ", text).strip(_ENDS)


def key(text: str) -> str:
    """Return what two names share that are one name to people: neither case nor a letter's variant counts."""
    return unicodedata.normalize("NFKC", _SELECTORS.sub("", normalize(text)).casefold())


def clean(text: str) -> str:
    """Return a name as it is kept; raise InvalidName."""
    name = normalize(text) if len(text) <= LONGEST_TYPED else text
    if not SHORTEST <= len(name) <= LONGEST:
        raise InvalidName(f"Should have {SHORTEST} to {LONGEST} characters, and not be blank.")
    letters = _JOINERS.sub("", _EMOJI.sub("", name))
    if _INVISIBLE.search(letters):
        raise InvalidName("Should hold only characters that can be seen.")
    if _LONE_MARK.search(letters) or _MANY_MARKS.search(letters):
        raise InvalidName("Should not hold accents without a letter, or many on one.")
    return name


def _without_idle_selector(found: "regex.Match[str]") -> str:
    return found[0] if unicodedata.is_normalized("NFKC", found[1]) else found[1]
