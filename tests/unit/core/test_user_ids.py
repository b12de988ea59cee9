"""Ids of users: what is one, and its two forms."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import user_ids, wire
from core.user_ids import InvalidUserId

UUID = "7c0e4f2a-9d55-4a0e-8a3c-2f6f1f0f9d11"
VALID = st.text(min_size=1, max_size=user_ids.LONGEST).filter(user_ids.is_valid)


@pytest.mark.parametrize("number", [1, 7, 2**53 - 1])
def test_numbers_of_an_app_are_numbers_in_json(number: int) -> None:
    assert user_ids.as_text(number) == str(number)
    assert user_ids.as_json(str(number)) == number


@pytest.mark.parametrize(
    "text", [UUID, "0", "007", "-1", "+1", "1.0", "1e3", " 1", "1 ", str(2**53), str(2**63), "9" * 64, "٣", "²", "Zoë"]
)
def test_any_other_text_stays_a_text(text: str) -> None:
    assert user_ids.as_text(text) == text
    assert user_ids.as_json(text) == text


@given(VALID)
def test_both_forms_are_one_id_and_survive_json_and_a_push(text: str) -> None:
    assert user_ids.as_text(orjson.loads(orjson.dumps(user_ids.as_json(text)))) == text
    push = wire.encode_push(text, b"42[]")
    assert wire.SEPARATOR not in push
    assert wire.decode_push(push)[0] == text


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "should not be empty"),
        ("a" * 65, "64 characters at most, and has 65"),
        ("a\0b", "no control characters"),
        ("a\nb", "no control characters"),
        ("\x7f", "no control characters"),
        ("\x85", "no control characters"),
        ("\ud800", "no lone surrogates"),
        (0, "a whole number from 1 to 2\\*\\*53 - 1, and is 0"),
        (2**53, "and is 9007199254740992"),
        (-1, "and is -1"),
        (True, "and is True"),
        (7.0, "and is 7.0"),
        (None, "and is None"),
        (b"7", "and is b'7'"),
        ([7], "and is"),
    ],
    ids=repr,
)
def test_what_can_be_no_id_is_refused_with_the_reason(value: object, why: str) -> None:
    assert not user_ids.is_valid(value)
    with pytest.raises(InvalidUserId, match=why) as raised:
        user_ids.as_text(value)
    assert str(raised.value).isprintable()
