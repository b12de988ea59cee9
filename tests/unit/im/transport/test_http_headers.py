"""Heads are parsed like the standard library does. A head that servers could read differently is refused."""

import http.client
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.transport.http_headers import MAX_HEAD_BYTES, MAX_LINE_BYTES, Head, Refused, check_size

names = st.sampled_from(["Host", "upgrade", "X-Forwarded-For", "COOKIE", "content-length"])
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)


def read(*lines: bytes, line: bytes = b"GET /socket.io/?EIO=4 HTTP/1.1") -> Head:
    return Head(b"\r\n".join((line, *lines)))


def refusal(*lines: bytes, **options: bytes) -> str:
    with pytest.raises(Refused) as refused:
        read(*lines, **options)
    return refused.value.status[:3]


@given(st.dictionaries(names, values, max_size=5))
def test_headers_are_the_same_as_those_of_the_standard_library(fields: dict[str, str]) -> None:
    if "content-length" in fields:
        fields["content-length"] = "5"
    lines = [f"{name}:  {value}".encode() for name, value in fields.items()]
    theirs = http.client.parse_headers(io.BytesIO(b"".join(line + b"\r\n" for line in (*lines, b""))))
    ours = read(*lines).headers

    assert ours._headers == theirs._headers
    for name in ("HOST", "content-Length", "nothing"):
        assert ours.get(name) == theirs.get(name)
    assert ours.get_content_type() == theirs.get_content_type()


def test_first_of_two_fields_is_returned_and_both_are_kept() -> None:
    headers = read(b"A: 1", b"a: 2").headers
    assert (headers.get("a"), headers._headers) == ("1", [("A", "1"), ("a", "2")])


@pytest.mark.parametrize(
    "field",
    [
        b"no colon",
        b": no name",
        b"space : x",
        b" folded: x",
        b"\tfolded: x",
        b"a: x\x00y",
        b"a: x\ry",
        b"a: x\ny: z",
        b"a\xe4: x",
        b"",
    ],
)
def test_malformed_field_is_refused(field: bytes) -> None:
    assert refusal(field) == "400"


@pytest.mark.parametrize(
    "fields",
    [
        [b"Content-Length: 1", b"Content-Length: 1"],
        [b"Content-Length: 1", b"content-length: 2"],
        [b"Content-Length: 1, 1"],
        [b"Content-Length: +1"],
        [b"Content-Length: -1"],
        [b"Content-Length: 0x1"],
        [b"Content-Length: "],
        [b"Content-Length: " + b"9" * 30],
        ["Content-Length: \u0661".encode()],
        [b"Host: a", b"Host: b"],
    ],
)
def test_ambiguous_content_length_or_host_is_refused(fields: list[bytes]) -> None:
    assert refusal(*fields) == "400"


@pytest.mark.parametrize("coding", [b"chunked", b"identity", b"gzip, chunked", b"", b"\x0bchunked"])
def test_transfer_encoding_is_refused(coding: bytes) -> None:
    assert refusal(b"Transfer-Encoding: " + coding, b"Content-Length: 3") in ("400", "501")
    assert refusal(b"transfer-encoding:" + coding) in ("400", "501")


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /", "400"),
        (b"GET  / HTTP/1.1", "400"),
        (b"GET / HTTP/1.1 ", "400"),
        (b"get / HTTP/1.1", "400"),
        (b"GET http://elsewhere/ HTTP/1.1", "400"),
        (b"GET //elsewhere/ HTTP/1.1", "400"),
        (b"OPTIONS * HTTP/1.1", "400"),
        (b"CONNECT elsewhere:443 HTTP/1.1", "400"),
        (b"GET /\x80 HTTP/1.1", "400"),
        (b"GET /?" + b"&a=b" * 101 + b" HTTP/1.1", "414"),
        (b"GET / HTTP/1.2", "505"),
        (b"GET / HTTP/2.0", "505"),
        *((method + b" / HTTP/1.1", "400") for method in (b"HEAD", b"PUT", b"DELETE", b"PATCH", b"TRACE", b"BREW")),
    ],
)
def test_unsupported_request_line_is_refused(line: bytes, status: str) -> None:
    assert refusal(line=line) == status


def test_head_above_a_limit_is_refused_before_its_end_arrives() -> None:
    check_size(b"GET / HTTP/1.1\r\n" + bytes(MAX_HEAD_BYTES - 100))
    with pytest.raises(Refused, match="414"):
        check_size(b"G" * (MAX_LINE_BYTES + 1))
    with pytest.raises(Refused, match="431"):
        check_size(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (MAX_HEAD_BYTES // 6))
    assert read(*[b"a: b"] * 100).length == 0
    assert refusal(*[b"a: b"] * 101) == "431"


@pytest.mark.parametrize(
    ("version", "field", "is_last"),
    [
        (b"1.1", b"A: b", False),
        (b"1.1", b"Connection: close", True),
        (b"1.1", b"Connection: x, Close", True),
        (b"1.0", b"A: b", True),
        (b"1.0", b"Connection: Keep-Alive", False),
    ],
)
def test_connection_header_and_version_decide_which_request_is_the_last(
    version: bytes, field: bytes, is_last: bool
) -> None:
    assert read(field, line=b"GET / HTTP/" + version).is_last is is_last


def test_only_100_continue_is_supported_and_no_upgrade_in_http_1_0() -> None:
    assert read(b"Expect: 100-Continue").is_expecting
    assert refusal(b"Expect: more") == "417"
    assert refusal(b"Upgrade: websocket", line=b"GET / HTTP/1.0") == "400"
