"""Valid inputs, one or more of each kind. Fuzzing begins with them."""

import json
import re
import struct

from core import epochs, wire
from tests.wire import BINARY, CLOSE, CONTINUED, PING, PONG, TEXT, frame

EPOCH = 123_456
OFFSET = re.compile(rb"\d{1,19}-\d{1,19}")
_OFFSETS = [f"1795882678000-{EPOCH * epochs.PLACES + number}".encode() for number in (1, 2, 3)]

PACKETS = [
    b"40",
    b'40{"token":"a.b.c","last_offset":"0-0"}',
    b"40/admin,",
    b"41",
    b'42["message",{"msg":"hi","timestamp":1}]',
    b'4217["message",{"msg":"hi"}]',
    b'42["refresh",{"token":"a.b.c"}]',
    b'431[{"status":"ok"}]',
    b'44{"message":"no"}',
    b'451-["message",{"_placeholder":true,"num":0}]',
    b'461-3[{"_placeholder":true,"num":0}]',
    b"2probe",
    b"3",
    b"5",
    b"6",
    b"1",
    b"bAAECAw==",
]
FRAMES = [
    b"\x07" + frame(TEXT, b"40") + frame(TEXT, PACKETS[4]) + frame(CLOSE, struct.pack("!H", 1000)),
    b"\x01" + frame(TEXT, b'42["mes', is_last=False) + frame(PING, b"x") + frame(CONTINUED, b'sage"]'),
    b"\x20" + frame(BINARY, bytes(200)) + frame(PONG) + frame(TEXT, "新".encode()),
    b"\xff" + frame(BINARY, bytes(66_000)),
]
_UPGRADE = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + b"A" * 22
QUERIES = [
    b"EIO=4&transport=polling",
    b"EIO=4&transport=websocket",
    b"EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA",
    b"EIO=4&transport=polling&t=abc&b64=1&j=0",
    b"EIO=4&transport=polling&token=a.b.c&last_offset=0-0",
]
HEADS = [
    *(b"GET /socket.io/?" + query + b" HTTP/1.1\r\nHost: x\r\nOrigin: http://localhost:5000" for query in QUERIES),
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n" + _UPGRADE + b"==",
    b"POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Type: a/b",
    b"OPTIONS /socket.io/ HTTP/1.0\r\nConnection: keep-alive\r\nAccess-Control-Request-Method: POST",
    b"GET /readyz HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.0.0.1, 203.0.113.7\r\nAuthorization: Bearer a.b.c",
    b"GET /metrics HTTP/1.1\r\nHost: x\r\nCookie: a=b; c=d\r\nConnection: close, x",
]
AUTHS = [
    b'{"token":"a.b.c","last_offset":"1795882678000-1","groups":true}',
    b'{"token":"Bearer a.b.c"}',
    b'{"access_token":"a"}',
    b"{}",
    b"null",
    b"Bearer a.b.c",
]
JSONS = [
    b'{"msg":"hi","timestamp":1795882678000,"n":[1,-2.5e3,true,null,"\\u65b0\\ud83d\\ude00"]}',
    b'[[[[{"a":{"b":{"c":[]}}}]]]]',
    b'{"art_id":9007199254740991,"art_title":"\xe6\x96\xb0"}',
]
_PACKET = wire.encode_packet("liking notify", {"user_id": 1, "user_name": "ann", "offset": _OFFSETS[1].decode()})
PUSHES = [
    wire.encode_push("7", _PACKET, previous=_OFFSETS[0].decode(), offset=_OFFSETS[1].decode()),
    wire.encode_push("7", _PACKET, previous="?", offset=_OFFSETS[1].decode()),
    wire.encode_push("7", wire.encode_packet("unread", {"count": 3})),
    wire.encode_push("", wire.encode_packet("news", {"text": "新"})),
]
_EMIT = {"method": "emit", "event": "number", "data": [1], "namespace": "/", "room": "7", "skip_sid": None}
MESSAGES = [
    json.dumps({**_EMIT, "callback": None, "host_id": "x"}).encode(),
    json.dumps({**_EMIT, "binary": True, "callback": ["sid", "/", 1]}).encode(),
    b'{"method":"callback","host_id":"x","sid":"s","namespace":"/","id":1,"args":[1]}',
    b'{"method":"disconnect","sid":"s","namespace":"/","host_id":"x"}',
    b'{"method":"enter_room","sid":"s","room":"7","namespace":"/","host_id":"x"}',
    b'{"method":"leave_room","sid":"s","room":"7","namespace":"/","host_id":"x"}',
    b'{"method":"close_room","room":"8","namespace":"/","host_id":"x"}',
    b'{"method":"nonce","host_id":"x","number":5}',
]
HISTORIES = [
    b"\n".join((_OFFSETS[0], *(offset + b' 42["e",{"id":1,"offset":"|"}]' for offset in _OFFSETS))),
    b"0-0\n" + _OFFSETS[0] + b' 42["e",{"id":1,"offset":"|"}]',
    b"0-0",
    b"\n" + _OFFSETS[2] + b" |",
]
UNREADS = [b"1795882678000000@%d@s:12" % EPOCH, b"1795882678000000:12", b"12"]
NAMES = [
    name.encode()
    for name in (
        "Ann Lee",
        "张伟",
        "\u0645\u06cc\u200c\u062e",
        "क्\u200dष",
        "👩\u200d👩\u200d👧",
        "é",
        "O\u00b4Brien",
        "ﬁnn",
    )
]
ORIGINS = [
    b"https://news.example\nnews.example",
    b"http://localhost:5000\n127.0.0.1:5000",
    b"null\nx",
    b"http://[::1]\n",
]
ADDRESSES = [b"203.0.113.7, 10.0.0.2", b"[2001:db8::1]:443, 10.0.0.2", b"::ffff:10.0.0.1", b"unknown, fe80::1%eth0"]

ENDPOINTS = [
    b"https://fcm.googleapis.com/fcm/send/a:b-c_d",
    b"https://updates.push.services.mozilla.com:443/wpush/v2/gAAAA?a=b",
    b"https://[2606:4700::1111]/a",
]

DEVICE_KEYS = [
    b"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"  # pragma: allowlist secret
    b"aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"  # pragma: allowlist secret
]
