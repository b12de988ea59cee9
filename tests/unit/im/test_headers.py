"""Headers are read as the standard library reads them, and what two servers could read in two ways is refused."""

import http.client
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.headers import read_headers

names = st.sampled_from(["Host", "upgrade", "X-Forwarded-For", "COOKIE", "content-length"])
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)


def read(data: bytes) -> list[tuple[str, str]]:
    return read_headers(io.BytesIO(data).readline)._headers


@given(st.dictionaries(names, values, max_size=5))
def test_it_agrees_with_the_standard_library(fields: dict[str, str]) -> None:
    if "content-length" in fields:
        fields["content-length"] = "5"
    data = "".join(f"{name}:  {value}\r\n" for name, value in fields.items()).encode() + b"\r\n"
    theirs = http.client.parse_headers(io.BytesIO(data))
    ours = read_headers(io.BytesIO(data).readline)

    assert ours._headers == theirs._headers
    for name in ("HOST", "content-Length", "nothing"):
        assert ours.get(name) == theirs.get(name)
    assert ours.get_content_type() == theirs.get_content_type()


def test_of_two_the_first_is_got_and_both_are_kept() -> None:
    headers = read_headers(io.BytesIO(b"A: 1\r\na: 2\r\n\r\n").readline)
    assert (headers.get("a"), headers._headers) == ("1", [("A", "1"), ("a", "2")])


@pytest.mark.parametrize(
    "line",
    [
        b"no colon",
        b": no name",
        b"space : x",
        b" folded: x",
        b"a: x\x00y",
        b"a: x\ry",
        b"a\xe4: x",
        b"Content-Length: 1\r\nContent-Length: 1",
        b"Content-Length: +1",
        b"Content-Length: ",
        "Content-Length: \u0661".encode(),
    ],
)
def test_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="Malformed"):
        read(line + b"\r\n\r\n")


def test_an_end_before_the_end_and_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match="Malformed"):
        read(b"a: x\r\n")
    with pytest.raises(ValueError, match="Malformed"):
        read(b"a: x\r\n" * 101 + b"\r\n")
