"""Only public keys that are strong enough are read, and each has one algorithm."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from core import jwks, public_keys
from core.jwks import Unavailable
from core.public_keys import MOST_KEYS, UnusableKey
from tests.token_keys import SigningKey, key_of

WEAK = SigningKey("RSA", bits=1024)


class TestPem:
    def test_each_key_of_a_text_is_read_with_its_algorithm(self) -> None:
        text = "comment\n" + "\n".join(key_of(kind).pem for kind in ("RSA", "EC", "OKP"))

        assert [key.algorithm for key in public_keys.from_pem(text)] == ["RS256", "ES256", "EdDSA"]

    def test_line_breaks_can_be_written_as_in_a_file_of_variables(self) -> None:
        pem = key_of("RSA").pem

        assert [key.algorithm for key in public_keys.from_pem(pem.replace("\n", "\\n"))] == ["RS256"]

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "no whole block"),
            (key_of("EC").pem[:60], "no whole block"),
            (key_of("EC").private_pem, "private key"),
            (key_of("EC").pem + key_of("EC").private_pem, "private key"),
            ("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----", "x509"),
            ("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----", "no public key"),
            (WEAK.pem, "1024 bits"),
            (key_of("EC").pem * (MOST_KEYS + 1), "more than 50"),
            ("x" * 100_000, "64 KB"),
        ],
        ids=["nothing", "a part", "a private key", "both", "a certificate", "no key", "weak", "many", "long"],
    )
    def test_other_text_is_refused_with_a_reason(self, text: str, why: str) -> None:
        with pytest.raises(UnusableKey, match=why) as raised:
            public_keys.from_pem(text)
        assert "AA==" not in str(raised.value)

    def test_key_of_another_curve_is_refused(self) -> None:
        with pytest.raises(UnusableKey, match="P-256"):
            public_keys.of(ec.generate_private_key(ec.SECP384R1()).public_key())


class TestJwk:
    @pytest.mark.parametrize("kind", ["RSA", "EC", "OKP"])
    def test_key_is_read_with_its_id_and_algorithm(self, kind: str) -> None:
        key = key_of(kind)
        for jwk in (key.jwk, {name: value for name, value in key.jwk.items() if name not in ("alg", "use")}):
            read = public_keys.from_jwk(jwk)
            assert (read.id, read.algorithm) == ("first", key.algorithm)

    @pytest.mark.parametrize(
        "changes",
        [
            {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "new"}, {"kty": None}, {"use": "enc"}, {"key_ops": ["sign"]},
            {"alg": "RS256"}, {"alg": "HS256"}, {"alg": "none"}, {"alg": 5}, {"kid": 5}, {"kid": "k" * 300},
            {"crv": "P-384"}, {"crv": "P-999"}, {"x": "AA"}, {"x": 5}, {"y": None}, {"d": "AA"}, {"key_ops": 5},
        ],
        ids=str,
    )  # fmt: skip
    def test_key_that_does_not_fit_is_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(UnusableKey):
            public_keys.from_jwk({**key_of("EC").jwk, **changes})

    def test_weak_and_private_keys_are_refused(self) -> None:
        private = {**key_of("EC").jwk, "d": "AA"}
        for jwk in (WEAK.jwk, private, [], None, "key", 5):
            with pytest.raises(UnusableKey):
                public_keys.from_jwk(jwk)


class TestSet:
    def test_unusable_keys_are_passed_over(self) -> None:
        read = jwks.read(encode({"keys": [{"kty": "oct"}, WEAK.jwk, None, key_of("EC").jwk]}))

        assert [key.algorithm for key in read] == ["ES256"]

    def test_no_more_keys_are_read_than_a_provider_needs(self) -> None:
        assert len(jwks.read(encode({"keys": [key_of("EC").jwk] * 60}))) == MOST_KEYS

    @pytest.mark.parametrize(
        "body",
        [b"", b"<html>", b"[]", b"5", b"null", b'"keys"', b"{}", b'{"keys": 5}', b'{"keys": []}', b'{"keys": [5]}',
         b"[" * 100_000, b'{"keys":' + b"[" * 2000, b"\xff", b" " * 300_000],
        ids=lambda body: f"{body[:12].decode('latin-1')} of {len(body)}",
    )  # fmt: skip
    def test_answer_without_a_usable_key_is_refused(self, body: bytes) -> None:
        with pytest.raises(Unavailable):
            jwks.read(body)


def encode(value: object) -> bytes:
    import json

    return json.dumps(value).encode()
