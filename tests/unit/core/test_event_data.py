"""The rules for the data of every notification."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import event_data


def nested(levels: int) -> list[Any]:
    outermost: list[Any] = []
    for _ in range(levels - 1):
        outermost = [outermost]
    return outermost


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"offset": "1-0"}, "reserved keys: offset"),
        ({"user_name": "Eve", "id": 7, "a": 1}, "reserved keys: id, user_name"),
        ([1], "is a list"),
        ("text", "is a str"),
        ({1: "a"}, "key must be str"),
        ({"a": {2: "b"}}, "key must be str"),
        ({"a": 2**64}, "64-bit"),
        ({"a": [float("nan")]}, "nan"),
        ({"a": float("-inf")}, "-inf"),
        ({"a": "\ud800"}, "surrogates"),
        ({"\ud800": 1}, "surrogates"),
        ({"a": b"bytes"}, "holds a bytes"),
        ({"a": date(2020, 1, 1)}, "holds a date"),
        ({"a": "x" * event_data.LARGEST_DATA}, "larger than 16384 bytes"),
        ({"a": nested(event_data.DEEPEST_DATA)}, "deeper than 16"),
        ({"a": nested(100_000)}, "deeper than 16"),
    ],
    ids=[
        "a reserved key",
        "reserved keys",
        "a list",
        "a text",
        "a number as key",
        "a number as inner key",
        "a large integer",
        "not a number",
        "infinite",
        "a lone surrogate",
        "a lone surrogate as key",
        "bytes",
        "a date",
        "too large",
        "too deep",
        "endlessly deep",
    ],
)
def test_data_that_cannot_be_sent_is_refused_with_the_reason(data: Any, why: str) -> None:
    with pytest.raises(event_data.InvalidData, match=why):
        event_data.check(data)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"a": [2**63, -(2**63), 0.5, None, True, "\0", "😀"], "b": {"offset": 1}},
        {"a": "x" * (event_data.LARGEST_DATA - len('{"a":""}'))},
        {"a": "\1" * (event_data.LARGEST_DATA // 6 - 2)},
        {"a": "é" * (event_data.LARGEST_DATA // 2 - 4)},
        {"a": [1] * (event_data.LARGEST_DATA // 2 - 4)},
        {"a": nested(event_data.DEEPEST_DATA - 1)},
    ],
    ids=["nothing", "any value", "largest", "largest of escapes", "largest of é", "largest of numbers", "deepest"],
)
def test_data_within_the_bounds_is_read_again(data: dict[str, object]) -> None:
    event_data.check(data)

    assert event_data.decode(json.dumps(data)) == data


def test_names_of_wrong_fields_are_told() -> None:
    with pytest.raises(event_data.InvalidData) as raised:
        event_data.check({"id": 1})

    assert raised.value.fields == {"id": "This key is reserved."}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(data=st.dictionaries(st.text(), VALUES))
def test_a_row_is_read_as_the_standard_library_reads_it(data: dict[str, object]) -> None:
    text = json.dumps(data)
    try:
        event_data.check(json.loads(text))
    except event_data.InvalidData:
        with pytest.raises(event_data.InvalidData):
            event_data.decode(text)
    else:
        assert event_data.decode(text) == data
