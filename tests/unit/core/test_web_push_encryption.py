"""The encryption is that of RFC 8291, by the example of its appendix A."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from core.vapid import decode, encode, parse_key
from core.web_push_encryption import LONGEST_TEXT, InvalidDeviceKey, encrypt, read_device_key
from tests.push_device import PushDevice

TEXT = b"When I grow up, I want to be a watermelon"
DEVICE_KEY = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"  # pragma: allowlist secret
    "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"  # pragma: allowlist secret
)
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"  # pragma: allowlist secret
SALT = "DGv6ra1nlYgDCS1FRnbzlw"  # pragma: allowlist secret
OWN_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"  # pragma: allowlist secret
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg"  # pragma: allowlist secret
    "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVB"  # pragma: allowlist secret
    "St2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"  # pragma: allowlist secret
)


def test_body_is_that_of_the_rfc() -> None:
    keys = {"device_key": decode(DEVICE_KEY), "auth": decode(AUTH)}

    body = encrypt(TEXT, **keys, salt=decode(SALT), own_key=parse_key(OWN_KEY))

    # The RFC's example has the record size 4096 as well.
    assert encode(body) == BODY


def test_device_reads_what_was_encrypted_for_it() -> None:
    device = PushDevice()
    longest = b"x" * LONGEST_TEXT

    body = encrypt(longest, device_key=device.point, auth=device.auth)

    assert device.decrypt(body) == longest
    assert len(body) == 4096
    assert body != encrypt(longest, device_key=device.point, auth=device.auth)


def test_longer_text_is_refused() -> None:
    device = PushDevice()

    with pytest.raises(ValueError, match="more than a push can hold"):
        encrypt(b"x" * (LONGEST_TEXT + 1), device_key=device.point, auth=device.auth)


@pytest.mark.parametrize("point", [b"", b"\x04" + bytes(64), b"\x04" * 65, bytes(65), b"\x02" + bytes(32)])
def test_key_that_is_no_point_is_refused(point: bytes) -> None:
    with pytest.raises(InvalidDeviceKey):
        read_device_key(point)


def test_point_of_the_curve_is_accepted() -> None:
    assert isinstance(read_device_key(PushDevice().point), ec.EllipticCurvePublicKey)
