"""Tokens that an attacker makes who does not know the secret, and tokens of which a part is not what it should be."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

USER_ID = 7
Forge = Callable[[str], str]  # from the server's secret, which only the tests know, to a token


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a valid access token with some changes; Ellipsis removes a claim."""
    now = int(time.time())
    valid = {"user_id": USER_ID, "refresh": False, "iat": now, "exp": now + 600, "jti": "a", **changes}
    return {name: value for name, value in valid.items() if value is not ...}


def encode(secret: str | bytes, payload: str, **header: Any) -> str:
    """Sign a payload as it is, valid or not, with HS256; `header` changes the header only."""
    head = {"alg": "HS256", "typ": "JWT", **header}
    signed = _base64(json.dumps(head).encode()) + b"." + _base64(payload.encode("utf-8", "surrogatepass"))
    key = secret.encode() if isinstance(secret, str) else secret
    return (signed + b"." + _base64(hmac.digest(key, signed, "sha256"))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _with_claims(secret: str, **changes: Any) -> str:
    return encode(secret, json.dumps(claims(**changes)))


def _with_header(secret: str, **header: Any) -> str:
    return encode(secret, json.dumps(claims()), **header)


def _with_text(secret: str, **texts: str) -> str:
    """Sign claims of which some have a value that json.dumps would not write."""
    rest = {name: json.dumps(value) for name, value in claims().items()} | texts
    return encode(secret, "{" + ",".join(f'"{name}":{text}' for name, text in rest.items()) + "}")


def _tampered(secret: str) -> str:
    """Put the claims of another user between the header and the signature of a valid token."""
    head, _, signature = _with_claims(secret).split(".")
    return ".".join((head, _base64(json.dumps(claims(user_id=8)).encode()).decode(), signature))


def _unsigned(secret: str, algorithm: str) -> str:
    head, payload, _ = _with_header(secret, alg=algorithm).split(".")
    return f"{head}.{payload}."


# Anybody can make these.
FOREIGN: dict[str, Forge] = {
    "another secret": lambda _secret: _with_claims("o" * 64),
    "an empty secret": lambda _secret: _with_claims(""),
    "no signature": lambda secret: _with_claims(secret).rpartition(".")[0] + ".",
    "two parts": lambda secret: _with_claims(secret).rpartition(".")[0],
    "tampered claims": _tampered,
    "claims after the signature": lambda secret: _with_claims(secret) + "." + _with_claims("o" * 64).split(".")[1],
    **{f"algorithm {name}": partial(_unsigned, algorithm=name) for name in ("none", "None", "NONE", "nOnE", "")},
    # Where a public key is the key, it must not count as the secret of an HMAC.
    "the public key as the secret": lambda _secret: _with_claims(_PUBLIC_KEY),
    "a foreign kid": lambda _secret: encode("o" * 64, json.dumps(claims()), kid="previous"),
    "a kid that is a path": lambda _secret: encode("", json.dumps(claims()), kid="../../../../dev/null"),
    "a kid that is SQL": lambda _secret: encode("o", json.dumps(claims()), kid="x' UNION SELECT 'o"),
    "a key in the header": lambda _secret: encode("o" * 64, json.dumps(claims()), jwk={"kty": "oct", "k": "b28"}),
    "an address of keys": lambda _secret: encode("o" * 64, json.dumps(claims()), jku="https://keys.example/jwks.json"),
    "a nested token": lambda secret: encode("o" * 64, json.dumps(_with_claims(secret)), cty="JWT"),
    "deep nesting": lambda _secret: encode("o" * 64, "[" * 10_000),
    "no token": lambda _secret: "..",
    "NUL": lambda secret: _with_claims(secret) + "\0",
}
# A program that has the secret signs these by mistake. None is a valid access token.
MISTAKEN: dict[str, Forge] = {
    **{
        f"the header {name}": partial(_with_header, alg=name)
        for name in ("RS256", "ES256", "PS256", "EdDSA", "HS384", "HS512", "hs256", "none")
    },
    "an unknown critical header": partial(_with_header, crit=["b64"], b64=False),
    "a refresh token": partial(_with_claims, refresh=True),
    "an expired token": partial(_with_claims, iat=1, exp=2),
    **{f"no {name}": partial(_with_claims, **{name: ...}) for name in ("user_id", "refresh", "iat", "exp", "jti")},
    **{
        f"the user id {text[:12]} of {len(text)}": partial(_with_text, user_id=text)
        for text in ("0", "-1", "7.0", "7e0", "true", "null", '"7"', "[7]", "{}", "9007199254740992", "9" * 5000, "NaN")
    },
    **{
        f"the time {text[:12]} of {len(text)}": partial(_with_text, exp=text)
        for text in ('"4000000000"', "1e999", "Infinity", "NaN", "null", "[4000000000]", "9" * 400, "9" * 5000)
    },
    **{f"refresh {text}": partial(_with_text, refresh=text) for text in ("0", '"false"', "null", "[]")},
    "claims that are no object": lambda secret: encode(secret, "[7]"),
    "claims that are no JSON": lambda secret: encode(secret, "user_id=7"),
    "claims that are not UTF-8": lambda secret: encode(secret, '{"user_id":"\ud800"}'),
    "deep claims": lambda secret: encode(secret, '{"a":' * 5_000),
    "a refresh token that also claims access": lambda secret: encode(
        secret, json.dumps(claims())[:-1] + ',"refresh":true}'
    ),
    "two user ids of which the last is invalid": lambda secret: encode(
        secret, json.dumps(claims())[:-1] + ',"user_id":-1}'
    ),
}
_PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----
"""
