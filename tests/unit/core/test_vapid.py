"""The header by which a push service knows the application."""

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from core.vapid import InvalidKey, Vapid, create_key, decode, encode, parse_key

PEM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def test_header_is_signed_for_one_push_service() -> None:
    vapid = Vapid(parse_key(create_key()), "mailto:ops@news.example")

    scheme, _, rest = vapid.authorization("https://push.example").partition(" ")

    parts = dict(part.split("=", 1) for part in rest.split(", "))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(parts["k"]))
    claims = jwt.decode(parts["t"], public, algorithms=["ES256"], audience="https://push.example")
    assert (scheme, parts["k"], claims["sub"]) == ("vapid", vapid.public_key, "mailto:ops@news.example")


def test_key_is_read_in_base64url_and_in_pem() -> None:
    text = create_key()
    pem = parse_key(text).private_bytes(*PEM).decode()

    for form in (text, text + "=", pem, pem.replace("\n", "\\n")):
        assert parse_key(form).private_numbers() == parse_key(text).private_numbers()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        encode(bytes(32)),  # 0 is no key
        encode(b"\xff" * 32),  # nor is a number beyond the order of the curve
        encode(b"x" * 33),
        "ü" * 43,
        "a+/" * 14,
        "-----BEGIN PRIVATE KEY-----\nnothing\n-----END PRIVATE KEY-----",  # pragma: allowlist secret
        ed25519.Ed25519PrivateKey.generate().private_bytes(*PEM).decode(),
        ec.generate_private_key(ec.SECP384R1()).private_bytes(*PEM).decode(),
    ],
)
def test_other_text_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidKey) as raised:
        parse_key(text)

    assert not text or text not in str(raised.value)
