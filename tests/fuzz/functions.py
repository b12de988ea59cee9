"""Functions that read what others send. Each check fails for any error that the function does not promise."""

import http.client
import io
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import redis
from engineio import packet as engineio_packet
from redis.backoff import NoBackoff
from redis.retry import Retry

from app import names
from core import addresses, payloads, tokens, user_ids, vapid, web_push_encryption, wire
from core.epochs import Verified
from core.history import EMPTY, History
from core.origins import AllowedOrigins
from core.push_endpoints import Endpoints, InvalidEndpoint
from core.unread import UnreadCache
from im.delivery.connect import read_connect_request
from im.subscription import messages
from im.transport import frames, json_encoding
from im.transport.engineio_socket import DECODE_ERRORS
from im.transport.http_headers import Head, Refused, check_size
from im.transport.socketio_protocol import MalformedPacket, Packet
from tests.forged_tokens import USER_ID, claims, encode
from tests.fuzz import seeds

_SECRET = "0123456789abcdef" * 4
_LIMIT = 64 * 1024
_CACHE = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))  # nothing listens there, so each repair fails at once
_HISTORY = History(_CACHE, length=500, seconds=3600)
_UNREAD = UnreadCache(_CACHE)
_PROXIES = addresses.TrustedProxies([addresses.parse_network("10.0.0.0/8")])
_ORIGINS = AllowedOrigins(["https://news.example", "http://localhost:5000"])

_ENDPOINTS = Endpoints()

_verify = partial(tokens.verify, (_SECRET,))

Check = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Function:
    check: Check
    seeds: Sequence[bytes]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")  # as text from outside arrives: also with lone surrogates


def read_frames(data: bytes) -> None:
    """Whole or in pieces, the bytes give the same messages and the same end."""
    size, stream = (data[0] if data else 1) + 1, data[1:]
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert _parse([stream]) == _parse(pieces)


def _parse(pieces: Sequence[bytes]) -> list[Any]:
    parser, out = frames.Parser(_LIMIT), list[Any]()
    try:
        for piece in pieces:
            for message in parser.feed(piece):
                if message and message[0] == frames.CLOSE:
                    out.append(frames.close_code(bytes(message[1])))  # type: ignore[arg-type]
                out.append(message)
    except frames.InvalidFrame as error:
        out.append(error.code)
    return out


def read_head(data: bytes) -> None:
    """A head that is accepted has the same fields for the standard library, so a proxy reads the same request."""
    try:
        check_size(data)
        head = Head(data)
    except Refused:
        return
    assert head.length >= 0
    assert head.target.startswith("/")
    theirs = http.client.parse_headers(io.BytesIO(data.partition(b"\r\n")[2] + b"\r\n\r\n"))
    assert [(name, value.strip(" \t")) for name, value in theirs.items()] == head.headers._headers


def read_query(data: bytes) -> None:
    with suppress(tokens.InvalidToken):
        read_connect_request({"QUERY_STRING": data.decode("latin-1")}, None, _verify)


def read_auth(data: bytes) -> None:
    with suppress(ValueError, RecursionError):
        auth = json_encoding.loads(data)
        with suppress(tokens.InvalidToken):
            read_connect_request({"HTTP_AUTHORIZATION": _text(data)}, auth, _verify)


def read_token(data: bytes) -> None:
    """A changed token is refused, or is the same token in another spelling."""
    for refresh in (False, True):
        with suppress(tokens.InvalidToken):
            assert _verify(_text(data), refresh=refresh).user_id == str(USER_ID)


def read_claims(data: bytes) -> None:
    """Claims of a program that has the secret are refused, or name a user and a time."""
    token = encode(_SECRET, data.decode("latin-1"))
    with suppress(tokens.InvalidToken):
        read = _verify(token)
        assert 0 < int(read.user_id) <= user_ids.LARGEST_ID
        assert read.issued_at <= read.expires_at < float("inf")


def read_engineio_packet(data: bytes) -> None:
    for encoded in (_text(data), data):
        with suppress(*DECODE_ERRORS):
            engineio_packet.Packet(encoded_packet=encoded)


def read_socketio_packet(data: bytes) -> None:
    with suppress(MalformedPacket):
        Packet(encoded_packet=_text(data))


def read_json(data: bytes) -> None:
    """What was read can be written and read again."""
    try:
        value = json_encoding.loads(data)
    except (ValueError, RecursionError):
        return
    assert json_encoding.loads(json_encoding.dumps(value)) == value


def read_push(data: bytes) -> None:
    """A push that is accepted is written again as the same bytes."""
    with suppress(messages.BadMessage):
        room, previous, offset, packet = messages.read_push(data)
        assert wire.encode_push(room, packet, previous=previous.decode(), offset=offset.decode()) == data


def read_message(data: bytes) -> None:
    with suppress(messages.BadMessage):
        messages.read_message(data)
    with suppress(messages.BadMessage):
        messages.read_canary(data)


def read_history(data: bytes) -> None:
    """Read the answer of Redis to a client whose offset is the first line; each other line is an entry."""
    last_offset, *lines = data.split(b"\n")
    page = [(offset, {b"h": head, b"t": tail}) for offset, head, tail in map(_entry, lines)]
    with suppress(redis.RedisError):
        [gap] = _HISTORY.answer([(str(USER_ID), _text(last_offset))], [page], Verified(seeds.EPOCH, "s"))
        assert gap is not None
        assert gap.is_covered or gap.packets == []


def _entry(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Return an offset, as Redis itself makes it, and the two parts of the packet."""
    numbers, _, rest = line.partition(b" ")
    head, _, tail = rest.partition(b"|")
    return (numbers if seeds.OFFSET.fullmatch(numbers) else EMPTY.encode()), head, tail


def read_unread(data: bytes) -> None:
    with suppress(redis.RedisError):
        _UNREAD.answer([str(USER_ID)], [data], Verified(seeds.EPOCH, "s"))


def read_payload(data: bytes) -> None:
    """What a row holds is refused, or is JSON again."""
    with suppress(payloads.InvalidData):
        json.dumps(payloads.decode(data.decode("utf-8", "replace")), allow_nan=False)


def read_name(data: bytes) -> None:
    """A name that is accepted stays as it is."""
    with suppress(names.InvalidName):
        name = names.clean(_text(data))
        assert names.clean(name) == name
        name.encode()
        assert names.key(names.key(name)) == names.key(name)


def read_origin(data: bytes) -> None:
    """Only the origins of the settings, and the host itself, are allowed."""
    origin, _, host = _text(data).partition("\n")
    if _ORIGINS.allows(origin, host=host):
        assert origin.lower().startswith(("http://", "https://"))


def read_address(data: bytes) -> None:
    """An untrusted peer is the client, whatever it writes."""
    for peer in ("203.0.113.9", "10.0.0.1"):
        client = _PROXIES.client_of(peer, _text(data))
        assert addresses.parse(client) is not None
        assert addresses.block_of(client)
        assert peer.startswith("10.") or client == peer


def _tokens() -> list[bytes]:
    return [
        encode(_SECRET, json.dumps(claims(refresh=refresh, exp=4_000_000_000))).encode() for refresh in (False, True)
    ]


def read_endpoint(data: bytes) -> None:
    """An endpoint that is accepted leads to port 443, under a path that fits into the head of a request."""
    with suppress(InvalidEndpoint):
        endpoint = _ENDPOINTS.parse(_text(data))
        assert (endpoint.scheme, endpoint.port, endpoint.is_private) == ("https", 443, False)
        assert endpoint.origin == f"https://{endpoint.host}" or ":" in endpoint.host
        assert endpoint.path.startswith("/")
        assert endpoint.path.isascii()
        assert endpoint.path.isprintable()


def read_device_key(data: bytes) -> None:
    with suppress(ValueError):
        web_push_encryption.read_device_key(vapid.decode(_text(data)))


FUNCTIONS: dict[str, Function] = {
    "websocket frames": Function(read_frames, seeds.FRAMES),
    "heads of requests": Function(read_head, seeds.HEADS),
    "query strings": Function(read_query, [*seeds.QUERIES, *(b"EIO=4&token=" + token for token in _tokens())]),
    "auth objects": Function(read_auth, seeds.AUTHS),
    "tokens": Function(read_token, _tokens()),
    "claims": Function(read_claims, [json.dumps(claims(exp=4_000_000_000)).encode()]),
    "Engine.IO packets": Function(read_engineio_packet, seeds.PACKETS),
    "Socket.IO packets": Function(read_socketio_packet, [packet[1:] for packet in seeds.PACKETS]),
    "JSON": Function(read_json, seeds.JSONS),
    "pushes": Function(read_push, seeds.PUSHES),
    "messages of managers": Function(read_message, seeds.MESSAGES),
    "histories": Function(read_history, seeds.HISTORIES),
    "unread counts": Function(read_unread, seeds.UNREADS),
    "payloads": Function(read_payload, seeds.JSONS),
    "names": Function(read_name, seeds.NAMES),
    "origins": Function(read_origin, seeds.ORIGINS),
    "addresses": Function(read_address, seeds.ADDRESSES),
    "endpoints": Function(read_endpoint, seeds.ENDPOINTS),
    "keys of devices": Function(read_device_key, seeds.DEVICE_KEYS),
}
