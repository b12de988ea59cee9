"""Raw requests to the API: heads, query strings, tokens and bodies that no client library would send."""

import random

from tests.fuzz import seeds
from tests.fuzz.mutations import mutated

_TARGETS = [
    b"GET /v1_0/user",
    b"PATCH /v1_0/user",
    b"GET /v1_0/users?q=ann&page=1&per_page=10",
    b"GET /v1_0/users/7",
    b"GET /v1_0/user/notifications?limit=20&before=5",
    b"POST /v1_0/user/notifications/read",
    b"GET /v1_0/user/followers?page=1",
    b"POST /v1_0/user/followings",
    b"DELETE /v1_0/user/followings/8",
    b"PUT /v1_0/authorizations",
    b"GET /openapi.json",
    b"GET /readyz",
    b"GET /static/x/page.js",
    b"OPTIONS /v1_0/user",
]
_HEADERS = [
    b"Host: x\r\nAuthorization: Bearer TOKEN\r\nContent-Type: application/json",
    b"Host: x\r\nAuthorization: Bearer TOKEN\r\nAccept-Encoding: gzip\r\nOrigin: http://localhost:5000",
    b"Host: x\r\nCookie: refresh_token=a.b.c; x=y\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https",
]
_BODIES = [b'{"target":8}', b'{"up_to":5}', b'{"ids":[1,2,3]}', b'{"name":"Ann Lee","photo":"/a.png"}', *seeds.JSONS]


def make(rng: random.Random) -> bytes:
    target = mutated(rng, _TARGETS, most=3) if rng.random() < 0.5 else rng.choice(_TARGETS)
    headers = mutated(rng, _HEADERS, most=3) if rng.random() < 0.5 else rng.choice(_HEADERS)
    body = mutated(rng, _BODIES) if rng.random() < 0.7 else b""
    length = b"Content-Length: %d\r\nConnection: close" % len(body)
    return target + b" HTTP/1.1\r\n" + headers + b"\r\n" + length + b"\r\n\r\n" + body
