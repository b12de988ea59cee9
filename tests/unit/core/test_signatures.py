"""Only who holds the key can sign a message, and no part of a signed message can be changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.signatures import Verifier, create_signer, without_signature

KEY, OTHER_KEY = "k" * 32, "o" * 32
CHANNEL = "socketio"
NOW = 1_764_345_600.5
MESSAGE = b'P7\x001-0\x002-0\x0042["a",1]\nP8\0\0\x0042["a",2]'

sign = create_signer([KEY], CHANNEL, lambda: NOW)
verifier = Verifier([KEY], CHANNEL)


class TestSign:
    def test_signed_message_is_verified(self) -> None:
        verified = verifier.verify(sign(MESSAGE))

        assert verified is not None
        assert verified[0] == MESSAGE
        assert verified[1].moment == NOW * 1000

    def test_messages_of_a_sender_are_numbered(self) -> None:
        sign = create_signer([KEY], CHANNEL, lambda: NOW)

        _, first = verifier.verify(sign(b"a")) or pytest.fail("no signature")
        _, second = verifier.verify(sign(b"a")) or pytest.fail("no signature")

        assert (first.number, second.number) == (1, 2)
        assert first.sender == second.sender

    def test_two_signers_are_two_senders(self) -> None:
        signatures = [verifier.verify(create_signer([KEY], CHANNEL, lambda: NOW)(b"a")) for _ in range(2)]

        assert len({signature.sender for _, signature in filter(None, signatures)}) == 2

    def test_nothing_is_signed_without_a_key(self) -> None:
        assert create_signer([], CHANNEL, lambda: NOW)(MESSAGE) == MESSAGE

    def test_signature_is_a_line_that_a_server_without_the_key_leaves_out(self) -> None:
        signed = sign(MESSAGE)

        assert signed.startswith(MESSAGE + b"\nS")
        assert signed.count(b"\n") == MESSAGE.count(b"\n") + 1
        assert without_signature(signed) == MESSAGE

    @given(st.binary(max_size=300))
    def test_message_without_a_signature_stays_as_it_is(self, message: bytes) -> None:
        assert without_signature(message) == message or b"\nS" in message


class TestVerify:
    def test_message_without_a_signature_has_none(self) -> None:
        assert verifier.verify(MESSAGE) is None
        assert verifier.verify(b"") is None

    @given(st.integers(0, len(MESSAGE) + 113), st.integers(1, 255))
    def test_no_byte_can_be_changed(self, at: int, change: int) -> None:
        signed = bytearray(sign(MESSAGE))
        signed[at] ^= change

        try:
            verified = verifier.verify(bytes(signed))
        except ValueError:
            return
        assert verified is None

    def test_nothing_can_be_added_or_left_out(self) -> None:
        signed = sign(MESSAGE)
        first, second, signature = signed.split(b"\n")

        for changed in ([first, signature], [second, first, signature], [first, second, second, signature]):
            with pytest.raises(ValueError, match="known key"):
                verifier.verify(b"\n".join(changed))

    def test_signature_by_another_key_is_refused(self) -> None:
        with pytest.raises(ValueError, match="known key"):
            verifier.verify(create_signer([OTHER_KEY], CHANNEL, lambda: NOW)(MESSAGE))

    def test_signature_for_another_channel_is_refused(self) -> None:
        with pytest.raises(ValueError, match="known key"):
            verifier.verify(create_signer([KEY], "another", lambda: NOW)(MESSAGE))

    @pytest.mark.parametrize("keys", [[KEY, OTHER_KEY], [OTHER_KEY, KEY]])
    def test_either_of_two_keys_is_accepted_and_the_first_one_signs(self, keys: list[str]) -> None:
        assert Verifier(keys, CHANNEL).verify(sign(MESSAGE))
        assert Verifier(keys[:1], CHANNEL).verify(create_signer(keys, CHANNEL, lambda: NOW)(MESSAGE))
